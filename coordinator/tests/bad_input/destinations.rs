//! Destinations that cannot be written to, or belong to another campaign.

use crate::{
    bench::{Bench, refused},
    support::{self, succeed},
};
use std::fs;
use superposed_model::test_models::TestModel;

#[test]
fn a_destination_of_an_unsupported_kind_is_refused() {
    let bench = Bench::new();
    assert_eq!(
        bench.refusal_of(|campaign| campaign["destination"] = "gopher://bucket/results".into()),
        "destination: \"gopher://bucket/results\" is a kind of URL that nothing is kept under: name a directory, \
         file:///path, s3://bucket/path, gs://bucket/path or az://container/path"
    );
    assert_eq!(
        bench.refusal_of(|campaign| campaign["destination"] = "file://results".into()),
        "destination: \"file://results\" does not start at the root: a file:// URL is written like file:///data/results"
    );
}

#[test]
fn a_destination_that_is_a_file_or_below_one_is_refused() {
    let bench = Bench::new();
    bench.place.file("file", "kept");
    for destination in ["file", "file/results"] {
        assert_eq!(
            bench.cut(&bench.refusal_of(|campaign| campaign["destination"] = destination.into())),
            format!(
                "destination {destination} cannot be used: not a directory; name a directory this process may write to"
            )
        );
    }
}

/// Where nobody may make anything, though to root no permission says so: only trying shows it.
#[test]
fn a_destination_that_turns_out_unwritable_is_refused_before_anything_is_queued() {
    let bench = Bench::new();
    let mut campaign = bench.campaign();
    campaign["destination"] = "/proc/superposed/results".into();
    let file = bench.write(&campaign);
    let line = refused(bench.local(&file)).pop().expect("a line");
    bench.assert_no_process();
    assert!(line.starts_with("destination /proc/superposed/results cannot be used: "), "{line}");
    assert!(line.ends_with("; name a directory this process may write to"), "{line}");
}

#[test]
fn results_that_something_else_made_are_refused_and_left_alone() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    succeed(bench.local(&file));
    let mined = support::tree(&bench.destination());
    assert_eq!(mined.len(), 4 * 3 + 1, "three files for each job, and words.txt");

    let foreign = |what| {
        format!(
            "1M at results holds results of campaign small, made with another {what}; choose another size or destination"
        )
    };
    bench.count("other", "token", 3);
    let line = bench.refusal_of(|campaign| campaign["corpus"] = "other".into());
    assert_eq!(bench.cut(&line), foreign("corpus"));
    let line = bench.refusal_of(|campaign| campaign["parameters"]["tau"] = 19.into());
    assert_eq!(bench.cut(&line), foreign("set of parameters"));

    // Only the weights tell this model from the other, and they are read by the coordinator alone.
    let mut model = TestModel::gpt2_sized(3, 8, 20, 40);
    model.tensors.get_mut("ln_f.bias").expect("a tensor").1[0] += 1.0;
    fs::create_dir(bench.place.path("another")).expect("a new directory");
    model.write(&bench.place.path("another"));
    let mut campaign = bench.campaign();
    campaign["model"] = "another".into();
    let another = bench.write(&campaign);
    assert_eq!(bench.cut(&bench.late_refusal(bench.local(&another))), foreign("model"));

    // A record that is none could be anybody's.
    let record = bench.destination().join("1M/campaigns/small.json");
    fs::write(record, "{").expect("a writable file");
    let line = bench.refusal_of(|_| {});
    assert!(line.starts_with("1M/campaigns/small.json is not a campaign record: "), "{line}");
    assert_eq!(support::tree(&bench.destination()), mined);
}
