//! What is taken anew while a coordinator runs.

use crate::{
    certificates::{Authority, Validity},
    door::{Door, Kind, line, list, replace},
    waiting::until,
};
use std::fs;
use superposed::guard::{Role, tokens};
use superposed_shared::credentials::Credentials;
use tonic::Code;

#[tokio::test]
async fn tokens_are_exchanged_without_a_restart_on_both_sides() {
    let door = Door::open(Kind::Tls).await;
    let (old, new) = (door.token(Role::Viewer).clone(), tokens::mint().expect("random bits"));
    let held = door.path("held");
    replace(&held, old.secret());
    let by_file = Credentials { token_file: Some(held.clone()), ..door.credentials(None) };
    let mut client = door.dial(&by_file);
    list(&mut client).await.expect("the old token is good");

    replace(&door.path("tokens"), &line(Role::Viewer, &new));
    until("the old token is refused", async || {
        list(&mut client).await.err().map(|refused| assert_eq!(refused.code(), Code::Unauthenticated, "{refused}"))
    })
    .await;
    // The same client, over the same connection.
    replace(&held, new.secret());
    list(&mut client).await.expect("the new token is good");
}

#[tokio::test]
async fn certificates_are_exchanged_without_a_restart_the_key_first() {
    let door = Door::open(Kind::Tls).await;
    let mut before = door.campaigns(Some(Role::Viewer));
    list(&mut before).await.expect("it is served");
    // Another authority's, of which only new clients have heard.
    let other = Authority::new("another authority");
    let mut credentials = door.credentials(Some(door.token(Role::Viewer)));
    credentials.ca = Some(other.write(&door.path("other.pem")));
    list(&mut door.dial(&credentials)).await.expect_err("the certificate is still the old one");

    // For a while the key is not the certificate's.
    let next = other.issue(&door.path("next"), "127.0.0.1", Validity::Good);
    let text = |path| fs::read_to_string(path).expect("a file");
    replace(&door.path("server.key"), &text(&next.key));
    list(&mut door.campaigns(Some(Role::Viewer))).await.expect("the old pair is served on");
    replace(&door.path("server.pem"), &text(&next.certificate));
    until("the new certificate is shown", async || list(&mut door.dial(&credentials)).await.ok()).await;
    list(&mut before).await.expect("what was connected stays so");
}

#[tokio::test]
async fn a_client_shows_the_certificate_that_is_in_its_files_when_it_connects() {
    let door = Door::open(Kind::Mutual).await;
    let held = door.authority.issue(&door.path("held"), "a client", Validity::Expired);
    let mut client = door.dial(&door.certified(Some(door.token(Role::Viewer)), &held));
    list(&mut client).await.expect_err("it has expired");
    door.authority.issue(&door.path("held"), "a client", Validity::Good);
    list(&mut client).await.expect("it was renewed");
}
