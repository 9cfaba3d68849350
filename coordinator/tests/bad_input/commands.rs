//! Commands that are asked for what is not there.

use crate::bench::{Bench, superposed};
use std::{fs, io::Write, net::TcpListener, thread};

#[test]
fn a_coordinator_that_does_not_answer_is_named_with_what_to_do() {
    let bench = Bench::new();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let url = format!("http://{address}");
    let file = bench.write(&bench.campaign());
    let submit = ["submit", file.to_str().expect("UTF-8")];
    for arguments in [&["status"][..], &["watch", "1"], &["pause", "1"], &["workers"], &submit] {
        let mut command = superposed(arguments);
        command.args(["--coordinator", &url]);
        assert_eq!(
            bench.refusal(command),
            format!(
                "no coordinator answers at {url} (Connection refused (os error 111)); start one with `superposed \
                 serve`, or name it with --coordinator"
            )
        );
    }
}

#[test]
fn what_is_no_url_is_refused_with_an_example() {
    let bench = Bench::new();
    for url in ["", "host", "host:7117", "ftp://host", "http://", "ht tp://host"] {
        assert_eq!(
            bench.refusal(superposed(&["status", "--coordinator", url])),
            format!(
                "{url:?} is not a coordinator's URL, which is like http://127.0.0.1:7117; name it with --coordinator"
            )
        );
    }
}

#[test]
fn a_server_of_another_kind_is_not_taken_for_a_coordinator() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let line = bench.refusal(superposed(&["status", "--coordinator", &url]));
    assert!(line.starts_with("the connection broke ("), "{line}");
    assert!(line.ends_with("); try again, or check that --coordinator names a coordinator"), "{line}");
}

#[test]
fn showing_from_a_directory_that_is_not_there_does_not_make_it() {
    let bench = Bench::new();
    let nowhere = bench.place.path("nowhere").display().to_string();
    assert_eq!(
        bench.cut(&bench.refusal(superposed(&["show", &nowhere, "1M/i/0_0_pos"]))),
        "there is no directory nowhere: name the destination of a campaign"
    );
}

#[test]
fn showing_what_is_not_there_names_the_file() {
    let bench = Bench::new();
    let results = bench.destination().display().to_string();
    fs::create_dir_all(bench.destination().join("1M")).expect("a new directory");
    let show = |job: &str| bench.refusal(superposed(&["show", &results, job]));
    assert_eq!(
        show("1M/i/0_0_pos"),
        "there is no 1M/i/0_0_pos_topics.csv; the job is not finished, or its files were removed"
    );
    assert_eq!(
        bench.cut(&show("1M/i/0_*")),
        "results has no such job: it holds no results; name the destination of a campaign, the directory above a size \
         like 124M"
    );
    let refused = show("../i/0_0_pos");
    assert!(refused.starts_with("invalid value '../i/0_0_pos' for '[SELECTOR]...': "), "{refused}");
    assert!(refused.contains("write it like 124M/i/0_304_pos, 124M/i/0_*, 124M/i/3-5_*_pos or 124M"), "{refused}");
}

#[test]
fn a_command_line_that_makes_no_sense_is_one_line_too() {
    let bench = Bench::new();
    for (arguments, expected) in [
        (&["show"][..], "the following required arguments were not provided: <DESTINATION>; --help tells the usage"),
        (
            &["priority", "1", "high"],
            "invalid value 'high' for '<PRIORITY>': invalid digit found in string; --help tells the usage",
        ),
        (&["unmine"], "unrecognized subcommand 'unmine'; a similar subcommand exists: 'mine'; --help tells the usage"),
        (
            &["mine", "--unknown"],
            "unexpected argument '--unknown' found; to pass '--unknown' as a value, use '-- --unknown'; --help tells the usage",
        ),
        (
            &["status", "--verbose"],
            "unexpected argument '--verbose' found; a similar argument exists: '--version'; --help tells the usage",
        ),
    ] {
        assert_eq!(bench.refusal(superposed(arguments)), expected);
    }
}

#[test]
fn a_database_that_cannot_be_reached_stops_a_coordinator_at_once() {
    let bench = Bench::new();
    let nowhere = bench.place.path("nowhere").display().to_string();
    for (database, expected) in [
        (format!("postgresql:///x?host={nowhere}"), "cannot use the database x at nowhere: "),
        ("x".to_owned(), "this is no database (it has no scheme, not postgresql://): name it like "),
    ] {
        let line =
            bench.cut(&bench.refusal(superposed(&["serve", "--listen", "127.0.0.1:0", "--database", &database])));
        assert!(line.starts_with(expected), "{line}");
    }
}
