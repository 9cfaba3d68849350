//! Which role may ask for what: one table for gRPC and HTTP.
//!
//! What is in no row is for operators, unless it only reads: then it is for viewers too. So nothing new is open by accident.

use super::Role::{self, Operator, Viewer, Worker};
use http::Method;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Those without a token too.
    Anybody,
    /// Those with a token of one of these roles.
    Roles(&'static [Role]),
}

const WORK: Access = Access::Roles(&[Worker]);
const LOOK: Access = Access::Roles(&[Viewer, Operator]);
const ACT: Access = Access::Roles(&[Operator]);

/// Every method of every service, by its path.
pub const METHODS: &[(&str, Access)] = &[
    ("/superposed.v1.WorkerService/Sync", WORK),
    ("/superposed.v1.CampaignService/Submit", ACT),
    ("/superposed.v1.CampaignService/Get", LOOK),
    ("/superposed.v1.CampaignService/List", LOOK),
    ("/superposed.v1.CampaignService/Watch", LOOK),
    ("/superposed.v1.CampaignService/Pause", ACT),
    ("/superposed.v1.CampaignService/Resume", ACT),
    ("/superposed.v1.CampaignService/Cancel", ACT),
    ("/superposed.v1.CampaignService/Retry", ACT),
    ("/superposed.v1.CampaignService/Delete", ACT),
    ("/superposed.v1.CampaignService/Failures", LOOK),
    ("/superposed.v1.CampaignService/Workers", LOOK),
    ("/superposed.v1.CampaignService/Drain", ACT),
    ("/superposed.v1.CampaignService/SetPriority", ACT),
    ("/grpc.health.v1.Health/Check", Access::Anybody),
    ("/grpc.health.v1.Health/List", Access::Anybody),
    ("/grpc.health.v1.Health/Watch", Access::Anybody),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", LOOK),
];

/// What else is served to those without a token: probes, and where one signs in.
const OPEN_PATHS: &[&str] = &["/healthz", "/readyz", super::session::PATH];

/// Who may ask for a path with a verb.
#[must_use]
pub fn access(method: &Method, path: &str) -> Access {
    if let Some((_, access)) = METHODS.iter().find(|(row, _)| *row == path) {
        return *access;
    }
    match *method {
        _ if OPEN_PATHS.contains(&path) => Access::Anybody,
        Method::GET | Method::HEAD => LOOK,
        _ => ACT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use superposed_shared::proto;

    /// The parts of a descriptor set that name methods.
    #[derive(Message)]
    struct Set {
        #[prost(message, repeated, tag = "1")]
        files: Vec<File>,
    }

    #[derive(Message)]
    struct File {
        #[prost(string, tag = "2")]
        package: String,
        #[prost(message, repeated, tag = "6")]
        services: Vec<Service>,
    }

    #[derive(Message)]
    struct Service {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(message, repeated, tag = "2")]
        methods: Vec<Named>,
    }

    #[derive(Message)]
    struct Named {
        #[prost(string, tag = "1")]
        name: String,
    }

    fn paths(descriptors: &[u8]) -> Vec<String> {
        let set = Set::decode(descriptors).expect("the build made it");
        let services = set.files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        let path = |(file, service): (&File, &Service)| {
            let prefix = format!("/{}.{}/", file.package, service.name);
            service.methods.iter().map(move |method| format!("{prefix}{}", method.name)).collect::<Vec<_>>()
        };
        services.flat_map(path).collect()
    }

    #[test]
    fn every_method_of_the_protocol_has_its_row() {
        let mut all = paths(proto::DESCRIPTORS);
        assert!(all.len() >= 12, "{all:?}");
        all.extend(paths(tonic_health::pb::FILE_DESCRIPTOR_SET));
        all.extend(paths(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET));
        let missing: Vec<_> = all.iter().filter(|path| !METHODS.iter().any(|(row, _)| row == path)).collect();
        assert!(missing.is_empty(), "say in METHODS who may ask for {missing:?}");
    }

    #[test]
    fn what_has_no_row_is_for_operators_and_for_viewers_only_to_read() {
        for path in ["/", "/dashboard", "/api/v1/campaigns", "/metrics", "/openapi.json", "/healthz/", "//healthz"] {
            assert_eq!(access(&Method::GET, path), LOOK, "{path}");
            assert_eq!(access(&Method::POST, path), ACT, "{path}");
            assert_eq!(access(&Method::DELETE, path), ACT, "{path}");
        }
        assert_eq!(access(&Method::POST, "/superposed.v1.CampaignService/NotYetThought"), ACT);
        assert_eq!(access(&Method::GET, "/healthz"), Access::Anybody);
    }
}
