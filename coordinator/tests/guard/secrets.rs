//! What may be printed has no secret in it.

use crate::support::{Place, superposed, told};
use std::{fs, process::Output};
use superposed::guard::{GuardSettings, Role, tokens};
use superposed_shared::credentials::{Credentials, Token};
use superposed_storage::Settings;

#[test]
fn nothing_that_holds_a_secret_prints_it() {
    let token: Token = "hush-".repeat(10).parse().expect("a token");
    let place = Place::new();
    let file = place.file("token", token.secret());
    let credentials = Credentials { token: Some(token.clone()), token_file: Some(file), ..Credentials::default() };
    let dialer = credentials.dialer("http://127.0.0.1:1").expect("credentials");
    let known = place.file("tokens", &tokens::line(Role::Viewer, "ada", &token).expect("a name"));
    let guard = superposed::guard::Guard::open(
        &GuardSettings { tokens: Some(known.clone()), ..GuardSettings::default() },
        "127.0.0.1:0".parse().expect("an address"),
    )
    .expect("a guard");
    let store = Settings::of(vec![
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "hush".to_owned()),
        ("AZURE_STORAGE_ACCOUNT_KEY".to_owned(), "hush".to_owned()),
    ]);
    let known = tokens::read(&known).expect("tokens");
    let printed = format!("{token:?} {credentials:?} {dialer:?} {guard:?} {known:?} {store:?}");
    assert!(!printed.contains("hush"), "{printed}");
    assert!(guard.authenticate(token.secret()).is_some(), "it was the token");
}

fn run(arguments: &[&str]) -> Output {
    superposed(arguments).output().expect("the program starts")
}

#[test]
fn a_token_is_made_and_its_line_added_and_a_name_is_given_once() {
    let place = Place::new();
    let tokens_file = place.path("tokens");
    let new = ["token", "new", "--role", "worker", "--name", "gpu-1", "--tokens", tokens_file.to_str().expect("UTF-8")];
    let made = run(&new);
    assert!(made.status.success(), "{}", told(&made));
    let token = String::from_utf8(made.stdout).expect("text");
    let line = fs::read_to_string(&tokens_file).expect("a file");
    assert!(line.starts_with("worker gpu-1 sha256:") && !line.contains(token.trim()), "{line}");
    let who = tokens::read(&tokens_file).expect("tokens").authenticate(token.trim()).expect("it is known");
    assert_eq!((who.name.as_str(), who.role), ("gpu-1", Some(Role::Worker)));
    let again = run(&new);
    assert!(!again.status.success());
    assert!(told(&again).contains("line 2 of the tokens file") && told(&again).contains("that of line 1"), "{again:?}");
    assert_eq!(fs::read_to_string(&tokens_file).expect("a file"), line, "the file is as it was");
}

#[test]
fn a_database_that_cannot_be_reached_is_told_without_its_password() {
    let place = Place::new();
    let file = place.file("url", "postgresql://user:hunter2@127.0.0.1:1/superposed\n");
    for arguments in [
        vec!["serve", "--database", "postgresql://user:hunter2@127.0.0.1:1/superposed"],
        vec!["serve", "--database-file", file.to_str().expect("UTF-8")],
    ] {
        let refused = superposed(&arguments).env("SUPERPOSED_LOG", "debug").output().expect("the program starts");
        assert!(!refused.status.success());
        assert!(!told(&refused).contains("hunter2"), "{}", told(&refused));
    }
}

#[test]
fn bad_files_at_a_door_are_told_in_one_line() {
    let place = Place::new();
    let empty = place.file("empty", "# nobody\n");
    let empty = empty.to_str().expect("UTF-8");
    for (arguments, expected) in [
        (vec!["--tokens", empty], "holds no token; make one with `superposed token new"),
        (vec!["--certificate", empty, "--key", empty], "holds no certificate in PEM"),
        (vec!["--certificate", empty], "--certificate needs --key as well"),
        (vec!["--listen", "0.0.0.0:0"], "--allow-unauthenticated-network"),
    ] {
        let refused = run(&[vec!["serve", "--database", "postgresql:///none"], arguments].concat());
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.trim().lines().count() == 1 && said.contains(expected), "{said}");
    }
}
