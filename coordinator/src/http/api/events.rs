//! Changes as they happen, as server-sent events: what a page shows stays true without being loaded again.

use super::{
    super::{Served, extract::Path, problem::Problem},
    campaigns::{CampaignInFull, Campaigns},
};
use crate::queue::QueueError;
use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Serialize;
use std::{convert::Infallible, future::Future, time::Duration};
use superposed_shared::description::CampaignId;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the queue is looked at for a listener.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// All campaigns, again whenever one changes
#[utoipa::path(get, path = "/events", responses(
    (status = 200, body = Campaigns, content_type = "text/event-stream", description = "Events `campaigns`, each with all of them"),
))]
pub(super) async fn of_list(State(served): State<Served>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    changes("campaigns", move || {
        let queue = served.queue.clone();
        async move { Campaigns::now(&queue).await.map(|now| (now, true)) }
    })
}

/// A campaign, again whenever it changes, until it ends
#[utoipa::path(get, path = "/campaigns/{id}/events", params(("id" = i64, Path, description = "The campaign's number")), responses(
    (status = 200, body = CampaignInFull, content_type = "text/event-stream", description = "Events `campaign`, each with all of it; the last one is `end`"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn of_campaign(
    State(served): State<Served>,
    Path(id): Path<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let id = CampaignId(id);
    served.queue.campaign(id).await?;
    Ok(changes("campaign", move || {
        let queue = served.queue.clone();
        async move {
            let now = CampaignInFull::now(&queue, id).await?;
            let goes_on = now.goes_on();
            Ok((now, goes_on))
        }
    }))
}

/// What a listener has heard.
struct Heard<T> {
    ticks: Interval,
    last: Option<T>,
    /// Nothing more will change.
    ended: bool,
    /// It was told so.
    told: bool,
}

fn changes<T, F, Fut>(name: &'static str, look: F) -> Sse<impl Stream<Item = Result<Event, Infallible>>>
where
    T: Serialize + PartialEq + Send + 'static,
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = Result<(T, bool), QueueError>> + Send + 'static,
{
    let mut ticks = interval(LOOKED_AT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let heard = Heard { ticks, last: None, ended: false, told: false };
    let events = stream::unfold((heard, look), move |(mut heard, look)| async move {
        if heard.told {
            return None;
        }
        if heard.ended {
            heard.told = true;
            // With something in it: browsers pass over events without.
            return Some((Ok(Event::default().event("end").data("end")), (heard, look)));
        }
        loop {
            heard.ticks.tick().await;
            match look().await {
                Ok((now, _)) if heard.last.as_ref() == Some(&now) => {}
                Ok((now, goes_on)) => {
                    heard.ended = !goes_on;
                    let event = Event::default().event(name).json_data(&now).expect("these types have a form in JSON");
                    heard.last = Some(now);
                    return Some((Ok(event), (heard, look)));
                }
                // Whoever listens asks again; a campaign that was deleted is not there then.
                Err(error) => {
                    tracing::debug!(%error, "a listener hears no more");
                    return None;
                }
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
