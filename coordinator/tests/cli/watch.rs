//! The live view of a campaign, in a real terminal, of a real coordinator.

use crate::{queue::Worker, served::Served, support::told, terminal::Terminal};
use nix::sys::signal::Signal;
use superposed_shared::description::CampaignId;

/// Watches a campaign in a terminal of so many lines and columns.
fn watch(served: &Served, campaign: &str, environment: &[(&str, &str)], size: (u16, u16)) -> Terminal {
    let arguments = ["watch", campaign, "--coordinator", &served.url];
    Terminal::start(env!("CARGO_BIN_EXE_superposed"), &arguments, environment, size)
}

/// Leases and finishes so many jobs.
async fn work(worker: &mut Worker, jobs: u32) {
    let lease = worker.lease(jobs).await;
    assert_eq!(lease.ordinals.end - lease.ordinals.start, jobs, "the lease has other jobs than were to be done");
    worker.finish(&lease).await;
}

/// What somebody does to leave.
type Leave<'a> = &'a dyn Fn(&Terminal);

#[tokio::test(flavor = "multi_thread")]
async fn bars_move_a_pause_is_shown_and_the_end_leaves_the_terminal_as_it_was() {
    let served = Served::start().await;
    let id = served.submit("whole", "0-99").await;
    let mut screen = watch(&served, "whole", &[], (24, 80));
    let text = screen.wait_for("0 of 400 jobs done");
    assert!(text.contains(&format!("campaign {id} whole (124M) is running")), "{text}");
    assert!(text.contains("i 0 ░░░") && text.contains("i 1 ░░░") && text.contains("no worker holds jobs"), "{text}");
    assert!(screen.has_colours() && !screen.is_for_typing(), "it is no live view");

    // Bars move, and who works is named.
    let mut worker = served.worker("host-a").await;
    work(&mut worker, 96).await;
    let held = worker.lease(16).await;
    let text = screen.wait_for("96 of 400 jobs done   16 leased");
    assert!(text.contains("1 worker holds jobs: host-a 16"), "{text}");
    let layer = text.lines().find(|line| line.starts_with("i 0 ")).expect("a line of layer 0");
    assert!(
        layer.contains('█') && layer.contains('▒') && layer.contains("48 %") && layer.contains("i 1 ░░░"),
        "{text}"
    );
    assert!(text.contains(" jobs/s") && text.contains(" left"), "{text}");

    served.ask(&["pause", "whole"]);
    screen.wait_for("whole (124M) is paused");
    served.ask(&["resume", "whole"]);
    screen.wait_for("whole (124M) is running");

    // What fails is told with its neuron.
    worker.fail(held.epoch, held.ordinals.start..held.ordinals.start + 1, "a logit is NaN").await;
    let again = worker.lease(1).await;
    worker.fail(again.epoch, again.ordinals.clone(), "a logit is NaN").await;
    let text = screen.wait_for("1 failed");
    assert!(text.contains("i/0_48_") || screen.wait_for("a logit is NaN").contains("i/0_48_"), "{text}");

    // A narrow one shows what fits, at once.
    screen.resize((10, 30));
    let text = screen.wait("a narrow view", |screen| {
        screen.contents().lines().any(|line| line == "0 pending") || screen.contents().contains("96 of 400 jobs done\n")
    });
    assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
    assert!(text.contains("q quits"), "{text}");
    screen.resize((24, 80));
    screen.wait_for("host-a");

    served.queue.cancel(CampaignId(id)).await.expect("it can be cancelled");
    assert_eq!(screen.ended().code(), Some(3));
    let end = "whole (124M) is cancelled: 96 of 400 jobs done, 1 failed";
    screen.wait(end, |screen| !screen.alternate_screen() && screen.contents().contains(end));
    assert!(screen.is_for_typing(), "the terminal was left as no shell wants it");
    screen.wait("the cursor", |screen| !screen.hide_cursor());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_a_signal_leaves_the_view_and_the_campaign_goes_on() {
    let served = Served::start().await;
    let id = served.submit("whole", "0-99").await.to_string();
    let leave: [(&str, Leave<'_>); 3] = [
        ("q", &|screen| screen.press("q")),
        ("Ctrl-C", &|screen| screen.press("\u{3}")),
        ("SIGTERM", &|screen| screen.signal(Signal::SIGTERM)),
    ];
    for (how, leave) in leave {
        let mut screen = watch(&served, &id, &[("NO_COLOR", "1")], (24, 80));
        screen.wait_for("0 of 400 jobs done");
        screen.wait_for("q quits");
        assert!(!screen.has_colours(), "NO_COLOR is set");
        leave(&screen);
        assert_eq!(screen.ended().code(), Some(130), "{how}");
        screen.wait("the screen that was there before", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert!(screen.is_for_typing(), "{how} left the terminal as no shell wants it");
        screen.wait_for("is running: 0 of 400 jobs done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_is_restarted_is_waited_for() {
    let mut served = Served::start().await;
    let id = served.submit("whole", "0-99").await.to_string();
    let mut screen = watch(&served, &id, &[], (24, 80));
    screen.wait_for("0 of 400 jobs done");
    served.end().await;
    screen.wait_for("the coordinator does not answer (");
    let mut worker = served.worker("a").await;
    work(&mut worker, 96).await;
    served.serve().await;
    let text = screen.wait_for("96 of 400 jobs done");
    assert!(!text.contains("does not answer"), "{text}");
    work(&mut worker, 104).await;
    worker.work_off().await;
    assert_eq!(screen.ended().code(), Some(0));
    screen.wait_for("is completed: 400 of 400 jobs done, 0 failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_terminal_is_there_are_lines_without_colours() {
    let served = Served::start().await;
    let id = served.submit("whole", "0-99").await.to_string();
    let mut worker = served.worker("a").await;
    worker.work_off().await;
    let output = served.command(&["watch", &id]).output().expect("the program starts");
    let told = told(&output);
    assert!(told.contains("400/400 jobs") && told.contains("is completed: 400 of 400 jobs done, 0 failed"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
    let lines = served.json(&["watch", &id]);
    let [last] = &lines[..] else { panic!("one line for a campaign that has ended: {lines:?}") };
    assert_eq!((&last["state"], &last["jobs"]["done"]), (&"completed".into(), &400.into()));
    assert_eq!(last["layers"].as_array().map(Vec::len), Some(2));
}
