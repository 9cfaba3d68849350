//! The coordinators that a worker may ask. All have one database, and a worker asks one at a time: its Syncs are numbered,
//! so that it makes no difference which of them answers.

use std::time::Duration;
use superposed_shared::{
    credentials::{Connection, Credentials, CredentialsError},
    proto::{self, v1::worker_service_client::WorkerServiceClient},
};

/// How long a connection may take: longer, and nothing is there.
const CONNECTING: Duration = Duration::from_secs(5);

/// What asks a coordinator.
pub(super) type Client = WorkerServiceClient<Connection>;

/// The coordinators, of which one is asked.
#[derive(Debug)]
pub(super) struct Coordinators {
    /// By their URLs; at least one.
    all: Vec<(String, Client)>,
    asked: usize,
}

impl Coordinators {
    /// Connects to one when it is asked first. Must be called on a runtime.
    pub(super) fn new(urls: &[String], credentials: &Credentials) -> Result<Self, CredentialsError> {
        let client = |url: &String| {
            let dialer = credentials.dialer(url.trim())?.with(|endpoint| {
                endpoint
                    .connect_timeout(CONNECTING)
                    .http2_keep_alive_interval(proto::KEEP_ALIVE)
                    .keep_alive_timeout(proto::KEEP_ALIVE)
                    .keep_alive_while_idle(true)
            });
            Ok((url.trim().to_owned(), WorkerServiceClient::new(dialer.connect_lazy())))
        };
        let all = urls.iter().map(client).collect::<Result<Vec<_>, CredentialsError>>()?;
        if all.is_empty() { Err(CredentialsError::Url(String::new())) } else { Ok(Self::of(all)) }
    }

    /// Those of these clients.
    pub(super) fn of(all: Vec<(String, Client)>) -> Self {
        let bounded =
            |(url, client): (String, Client)| (url, client.max_decoding_message_size(proto::MAX_MESSAGE_BYTES));
        Self { all: all.into_iter().map(bounded).collect(), asked: 0 }
    }

    /// Asks the one whose turn it is.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.all[self.asked].1
    }

    /// The URL of that one.
    pub(super) fn now(&self) -> &str {
        &self.all[self.asked].0
    }

    /// The next one's turn.
    pub(super) fn turn(&mut self) {
        self.asked = (self.asked + 1) % self.all.len();
    }
}
