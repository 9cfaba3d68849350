//! How the commands talk to a coordinator: connections that notice when the other side is gone, and a deadline on every
//! call.

use std::{env, time::Duration};
use superposed_shared::{
    clock::Clock,
    credentials::{Connection, Credentials, CredentialsError, Dialer},
    proto::{
        self,
        v1::{self, campaign_service_client::CampaignServiceClient},
    },
    telemetry::context,
};
use tonic::{Request, Status, Streaming, transport::Endpoint};

/// What commands ask a coordinator with.
pub type CampaignClient = CampaignServiceClient<Connection>;

/// The variable that names the span a command is run in, as OpenTelemetry has it.
const TRACEPARENT: &str = "TRACEPARENT";

/// How long a connection may take: longer, and nothing is there.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long an answer may take.
const ANSWERING: Duration = Duration::from_secs(60);

/// How long a submission may take: the coordinator reads all of the model and the corpus.
const SUBMITTING: Duration = Duration::from_secs(60 * 60);

/// An endpoint as all commands use it.
#[must_use]
fn prepared(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(CONNECTING)
        .http2_keep_alive_interval(proto::KEEP_ALIVE)
        .keep_alive_timeout(proto::KEEP_ALIVE)
        .keep_alive_while_idle(true)
}

/// A way to a coordinator, as all commands use it.
///
/// # Errors
/// When the URL or the credentials cannot be used.
pub fn dialer(url: &str, credentials: &Credentials) -> Result<Dialer, CredentialsError> {
    Ok(credentials.dialer(url)?.with(prepared))
}

/// A request that is to be answered soon.
#[must_use]
pub fn soon<T>(message: T) -> Request<T> {
    within(ANSWERING, message)
}

/// A submission.
#[must_use]
pub fn submission(message: v1::SubmitRequest) -> Request<v1::SubmitRequest> {
    within(SUBMITTING, message)
}

/// How many jobs of a campaign are not mined because their files are there.
#[must_use]
pub fn adopted(campaign: &v1::Campaign, jobs: u64) -> String {
    let v1::JobCounts { pending, leased, done, failed, cancelled } = campaign.jobs.unwrap_or_default();
    format!("adopted {jobs} of {} jobs, whose files are there", pending + leased + done + failed + cancelled)
}

fn within<T>(patience: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    // Of whoever runs the command, who may be tracing what it does.
    if let Some(traceparent) = env::var(TRACEPARENT).ok().and_then(|text| text.parse().ok()) {
        request.metadata_mut().insert(context::TRACEPARENT, traceparent);
    }
    request
}

/// Follows a campaign. The stream has to begin soon; it lasts as long as the campaign, watched over by keep-alive.
///
/// # Errors
/// When the coordinator refuses, or does not answer.
pub async fn watch(client: &mut CampaignClient, campaign_id: i64) -> Result<Streaming<v1::Campaign>, Status> {
    let begun = Clock.within(ANSWERING, client.watch(v1::WatchRequest { campaign_id })).await;
    begun.unwrap_or_else(|| Err(Status::deadline_exceeded("no answer in time"))).map(|response| response.into_inner())
}
