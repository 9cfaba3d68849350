//! gRPC health: a coordinator serves as long as its database does.

use superposed_shared::proto::v1::{campaign_service_server, worker_service_server};
use tonic::server::NamedService;
use tonic_health::{
    ServingStatus,
    pb::health_server::{self, HealthServer},
    server::HealthReporter,
};

/// All that is asked for by name, and the server as a whole.
const SERVICES: [&str; 3] = [
    "",
    <worker_service_server::WorkerServiceServer<super::Workers> as NamedService>::NAME,
    <campaign_service_server::CampaignServiceServer<super::Campaigns> as NamedService>::NAME,
];

/// Tells those who ask, load balancers say, whether to send anybody here.
#[derive(Debug)]
pub struct Health {
    reporter: HealthReporter,
}

impl Health {
    /// What tells, serving from now on, and the service that answers.
    pub async fn start() -> (Self, HealthServer<impl health_server::Health>) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let health = Self { reporter };
        health.tell(true).await;
        (health, service)
    }

    /// Whether the database is there. Without it every call fails, though connections are accepted.
    pub async fn tell(&self, is_there: bool) {
        let status = if is_there { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
