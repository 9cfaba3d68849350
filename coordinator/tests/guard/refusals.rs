//! Who is refused, and that others are served on.

use crate::{
    certificates::{Authority, Validity},
    door::{Door, Kind, list},
};
use std::error::Error;
use superposed::guard::Role;
use superposed_shared::{
    credentials::Token,
    proto::v1::{self, campaign_service_client::CampaignServiceClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Status, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

/// What the connection failed of, with all causes.
fn causes(status: &Status) -> String {
    let mut told = status.to_string();
    let mut error: Option<&(dyn Error + 'static)> = status.source();
    while let Some(cause) = error {
        told.push_str(&format!(": {cause}"));
        error = cause.source();
    }
    told
}

#[tokio::test]
async fn who_has_no_token_or_an_unknown_one_gets_nothing_but_health() {
    let door = Door::open(Kind::Plain).await;
    let refused = list(&mut door.campaigns(None)).await.expect_err("nobody knows who asks");
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    assert!(refused.message().contains("--token-file"), "{refused}");
    let stranger: Token = "x".repeat(64).parse().expect("a token");
    let refused = list(&mut door.dial(&door.credentials(Some(&stranger)))).await.expect_err("the token is unknown");
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    assert!(!refused.message().contains(stranger.secret()));

    let channel = Endpoint::from_shared(door.url()).expect("a URL").connect().await.expect("it listens");
    HealthClient::new(channel).check(HealthCheckRequest::default()).await.expect("probes have no token");
    list(&mut door.campaigns(Some(Role::Viewer))).await.expect("a viewer may look");
}

#[tokio::test]
async fn each_role_gets_what_is_its_own() {
    let door = Door::open(Kind::Tls).await;
    let pause = v1::PauseRequest { campaign_id: 1 };
    for role in [Role::Viewer, Role::Worker] {
        let refused = door.campaigns(Some(role)).pause(pause).await.expect_err("it is no operator");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role}: {refused}");
        assert!(refused.message().contains("for the role operator"), "{refused}");
    }
    let refused = list(&mut door.campaigns(Some(Role::Worker))).await.expect_err("a worker does not look");
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let unknown = door.campaigns(Some(Role::Operator)).pause(pause).await.expect_err("there is no campaign");
    assert_eq!(unknown.code(), Code::NotFound, "the operator was let through: {unknown}");

    for role in [Role::Operator, Role::Viewer] {
        let refused = door.workers(role).sync(v1::SyncRequest::default()).await.expect_err("it is no worker");
        assert_eq!(refused.code(), Code::PermissionDenied, "{role}: {refused}");
    }
    let heard = door.workers(Role::Worker).sync(v1::SyncRequest::default()).await.expect_err("it speaks no version");
    assert!(!matches!(heard.code(), Code::PermissionDenied | Code::Unauthenticated), "{heard}");
}

#[tokio::test]
async fn only_a_certificate_of_the_named_authority_that_has_not_expired_opens_a_mutual_door() {
    let door = Door::open(Kind::Mutual).await;
    let token = Some(door.token(Role::Viewer));
    let good = door.authority.issue(&door.path("good"), "a client", Validity::Good);
    list(&mut door.dial(&door.certified(token, &good))).await.expect("it has all that is needed");

    let none = list(&mut door.dial(&door.credentials(token))).await.expect_err("there is no certificate");
    assert!(causes(&none).contains("CertificateRequired"), "{}", causes(&none));
    let expired = door.authority.issue(&door.path("expired"), "a client", Validity::Expired);
    let expired = list(&mut door.dial(&door.certified(token, &expired))).await.expect_err("it has expired");
    assert!(causes(&expired).contains("CertificateExpired"), "{}", causes(&expired));
    let other = Authority::new("another authority").issue(&door.path("other"), "a client", Validity::Good);
    let other = list(&mut door.dial(&door.certified(token, &other))).await.expect_err("nobody here vouches for it");
    assert!(causes(&other).contains("received fatal alert"), "{}", causes(&other));
    // A certificate says who may connect, and nothing about who asks.
    let unnamed = list(&mut door.dial(&door.certified(None, &good))).await.expect_err("there is no token");
    assert_eq!(unnamed.code(), Code::Unauthenticated, "{unnamed}");
}

#[tokio::test]
async fn a_coordinator_that_nobody_here_vouches_for_gets_no_token() {
    let door = Door::open(Kind::Tls).await;
    let mut credentials = door.credentials(Some(door.token(Role::Viewer)));
    credentials.ca = Some(Authority::new("another authority").write(&door.path("other.pem")));
    let refused = list(&mut door.dial(&credentials)).await.expect_err("it may be anybody");
    assert!(causes(&refused).contains("name its authority with --ca"), "{}", causes(&refused));
    // The other way round: TLS where none is spoken.
    let plain = Door::open(Kind::Plain).await;
    let url = plain.url().replace("http:", "https:");
    let dialer = door.credentials(None).dialer(&url).expect("credentials");
    let refused = list(&mut CampaignServiceClient::new(dialer.connect_lazy())).await.expect_err("there is no TLS");
    assert!(causes(&refused).contains("speaks no TLS"), "{}", causes(&refused));
}

#[tokio::test]
async fn plain_text_to_a_port_of_tls_is_closed_and_others_are_served_on() {
    let door = Door::open(Kind::Tls).await;
    let mut known = door.campaigns(Some(Role::Viewer));
    list(&mut known).await.expect("a viewer may look");
    let mut plain = TcpStream::connect(door.address).await.expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.expect("it listens");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    list(&mut known).await.expect("it is served on");
}

#[tokio::test]
async fn a_message_of_100_mb_is_refused_and_others_are_served_on() {
    let door = Door::open(Kind::Tls).await;
    let mut operator = door.campaigns(Some(Role::Operator));
    let client_key = "x".repeat(100_000_000);
    let request = v1::SubmitRequest { client_key, ..v1::SubmitRequest::default() };
    let refused = operator.submit(request).await.expect_err("it is too large");
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused}");
    list(&mut operator).await.expect("it is served on");
    // From somebody unknown it is not even looked at.
    let client_key = "x".repeat(100_000_000);
    let request = v1::SubmitRequest { client_key, ..v1::SubmitRequest::default() };
    let refused = door.campaigns(None).submit(request).await.expect_err("nobody knows who asks");
    assert!(matches!(refused.code(), Code::Unauthenticated | Code::Unknown | Code::Unavailable), "{refused}");
    list(&mut operator).await.expect("it is served on");
}
