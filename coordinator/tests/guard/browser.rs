//! What browsers and scripts meet that speak no gRPC.

use crate::door::{Door, Kind};
use superposed::guard::Role;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Asks over HTTP/1.1; returns the head of the answer, and all of it.
async fn ask(door: &Door, request: &str, headers: &[&str], body: &str) -> (String, String) {
    let mut connection = TcpStream::connect(door.address).await.expect("it listens");
    let mut text = format!("{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", door.address);
    headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str(&format!("\r\n{body}"));
    connection.write_all(text.as_bytes()).await.expect("it listens");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("it answers");
    let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
    (head, answer)
}

const PAGE: &str = "accept: text/html";
const FORM: &str = "content-type: application/x-www-form-urlencoded";
const OWN: &str = "sec-fetch-site: same-origin";
const FOREIGN: &str = "sec-fetch-site: cross-site";

#[tokio::test]
async fn a_browser_is_sent_to_sign_in_and_is_known_by_its_cookie() {
    let door = Door::open(Kind::Plain).await;
    let (head, _) = ask(&door, "GET /anything", &[PAGE], "").await;
    assert!(head.starts_with("http/1.1 303") && head.contains("location: /session"), "{head}");
    let (head, page) = ask(&door, "GET /session", &[PAGE], "").await;
    assert!(head.starts_with("http/1.1 200") && page.contains("type=\"password\""), "{page}");

    let (head, page) = ask(&door, "POST /session", &[PAGE, FORM, OWN], "token=wrong").await;
    assert!(head.starts_with("http/1.1 401") && page.contains("not known here"), "{page}");
    assert!(!head.contains("set-cookie"), "{head}");
    let form = format!("token={}", door.token(Role::Viewer).secret());
    let (head, _) = ask(&door, "POST /session", &[PAGE, FORM, OWN], &form).await;
    assert!(head.starts_with("http/1.1 303") && head.contains("location: /\r\n"), "{head}");
    let cookie = head.split("set-cookie: ").nth(1).expect("a cookie").split("\r\n").next().expect("a line");
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let (head, _) = ask(&door, "POST /session", &[PAGE, FORM, FOREIGN], &form).await;
    assert!(head.starts_with("http/1.1 403") && !head.contains("set-cookie"), "{head}");

    // Whatever is there or not: it is no longer the guard that answers.
    let cookie = format!("cookie: other=1; superposed-token={}", door.token(Role::Viewer).secret());
    for unguarded in ["303", "401", "403"] {
        let (head, _) = ask(&door, "GET /anything", &[PAGE, &cookie], "").await;
        assert!(!head.starts_with(&format!("http/1.1 {unguarded}")), "{head}");
    }
    let (head, _) = ask(&door, "DELETE /session", &[OWN, &cookie], "").await;
    assert!(head.starts_with("http/1.1 204") && head.contains("superposed-token=; path=/; max-age=0"), "{head}");
}

#[tokio::test]
async fn a_script_is_told_what_is_wrong_as_a_problem_in_json() {
    let door = Door::open(Kind::Plain).await;
    let bearer = |role| format!("authorization: Bearer {}", door.token(role).secret());
    let (head, answer) = ask(&door, "GET /api/v1/campaigns", &[], "").await;
    assert!(head.starts_with("http/1.1 401") && head.contains("www-authenticate: bearer"), "{head}");
    assert!(head.contains("application/problem+json") && answer.contains("\"status\":401"), "{answer}");
    let (head, _) = ask(&door, "GET /api/v1/campaigns", &[&bearer(Role::Worker)], "").await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    let (head, answer) = ask(&door, "POST /api/v1/anything", &[&bearer(Role::Viewer)], "").await;
    assert!(head.starts_with("http/1.1 403") && answer.contains("for the role operator"), "{answer}");
    let large = ["content-length: 100000000", &bearer(Role::Operator)];
    let (head, answer) = ask(&door, "POST /api/v1/anything", &large, "").await;
    assert!(head.starts_with("http/1.1 413") && answer.contains("4194304 are taken at most"), "{answer}");
}

#[tokio::test]
async fn the_page_of_another_site_cannot_act_with_the_cookie_of_an_operator() {
    let door = Door::open(Kind::Plain).await;
    let cookie = format!("cookie: superposed-token={}", door.token(Role::Operator).secret());
    let refused = |head: &str| head.starts_with("http/1.1 403");
    for from in [FOREIGN, "sec-fetch-site: same-site", "origin: https://evil.example", "origin: null"] {
        let (head, _) = ask(&door, "POST /api/v1/nothing", &[&cookie, from], "").await;
        assert!(refused(&head), "{from}: {head}");
    }
    let origin = format!("origin: http://{}", door.address);
    for from in [OWN, &origin] {
        let (head, _) = ask(&door, "POST /api/v1/nothing", &[&cookie, from, "x-superposed-action: 1"], "").await;
        assert!(!refused(&head), "{from}: {head}");
    }
    // A cookie is for pages: gRPC wants the header.
    let (head, _) =
        ask(&door, "POST /superposed.v1.CampaignService/List", &[&cookie, "content-type: application/grpc"], "").await;
    assert!(head.contains("grpc-status: 16"), "{head}");
}
