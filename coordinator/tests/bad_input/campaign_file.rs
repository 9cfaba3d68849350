//! Campaign files that cannot be read, or say what means nothing.

use crate::bench::Bench;

/// The refusal of a campaign file with this text after that of the faultless one, whose last table is `parameters`.
fn refusal_with_line(added: &str) -> (String, usize) {
    let bench = Bench::new();
    let mut campaign = bench.campaign();
    campaign.remove("select");
    let text = toml::to_string(&campaign).expect("TOML");
    let file = bench.place.file("campaign.toml", &format!("{text}{added}"));
    (bench.cut(&bench.refusal(bench.local(&file))), text.lines().count() + 1)
}

/// The refusal of a campaign file with this text.
fn refusal_of_text(text: &[u8]) -> String {
    let bench = Bench::new();
    let file = bench.place.path("campaign.toml");
    std::fs::write(&file, text).expect("a writable file");
    bench.cut(&bench.refusal(bench.local(&file)))
}

#[test]
fn a_missing_file_is_named() {
    let bench = Bench::new();
    assert_eq!(
        bench.cut(&bench.refusal(bench.local(&bench.place.path("none.toml")))),
        "cannot read the campaign file none.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn a_directory_is_no_file() {
    let bench = Bench::new();
    assert_eq!(
        bench.cut(&bench.refusal(bench.local(&bench.model()))),
        "cannot read the campaign file model: Is a directory (os error 21)"
    );
}

#[test]
fn a_file_that_is_no_text_is_named() {
    assert_eq!(
        refusal_of_text(b"\xff\xfe\x00"),
        "cannot read the campaign file campaign.toml: stream did not contain valid UTF-8"
    );
}

#[test]
fn an_unknown_field_is_named_with_its_line_and_the_known_ones() {
    let (line, number) = refusal_with_line("taus = 3\n");
    assert_eq!(
        line,
        format!(
            "campaign.toml:{number}: unknown field `taus`, expected one of `rule`, `tau`, `theta`, `kappa`, `clique`, \
             `min_freq`, `solver`, `extra_vocab`"
        )
    );
}

#[test]
fn a_wrong_type_is_named_with_its_line_and_field() {
    let (line, number) = refusal_with_line("clique = \"ten\"\n");
    assert_eq!(line, format!("campaign.toml:{number}: clique: invalid type: string \"ten\", expected u32"));
}

#[test]
fn text_that_is_no_toml_is_told_with_its_line() {
    let (line, number) = refusal_with_line("clique = \n");
    assert!(line.starts_with(&format!("campaign.toml:{number}: clique: ")), "{line}");
}

#[test]
fn what_a_terminal_would_obey_is_shown_and_not_sent() {
    let (line, number) = refusal_with_line("\"\\u001b[31m\\nred\" = 1\n");
    assert!(line.starts_with(&format!("campaign.toml:{number}: unknown field `\\u{{1b}}[31m")), "{line}");
}

#[test]
fn a_missing_field_is_named() {
    assert_eq!(
        refusal_of_text(b"name = 'n'\nsize = '1M'\nmodel = 'm'\ncorpus = 'c'\n"),
        "campaign.toml:1: missing field `destination`"
    );
    assert_eq!(refusal_of_text(b""), "campaign.toml:1: missing field `name`");
}

#[test]
fn a_name_or_size_that_would_leave_the_destination_is_refused() {
    let bench = Bench::new();
    let line = bench.cut(&bench.refusal_of(|campaign| campaign["name"] = "../small".into()));
    assert!(line.starts_with("campaign.toml: name \"../small\" must be 1 to 100 letters"), "{line}");
    let line = bench.cut(&bench.refusal_of(|campaign| campaign["size"] = "../1M".into()));
    assert!(line.contains(": size: size \"../1M\": expected a directory name"), "{line}");
}
