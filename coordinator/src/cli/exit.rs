//! Exit codes: the same for every command, told by `superposed --help` and by docs/command-line.md.

use superposed_shared::{
    command_line::WithStatus,
    proto::v1::{Campaign, CampaignState},
};

/// A campaign ended, but not all of its jobs are done: some failed, or it was cancelled.
pub(super) const INCOMPLETE: u8 = 3;

/// No coordinator answers.
pub(super) const UNANSWERED: u8 = 4;

/// Interrupted before what was waited for had ended; as shells give it for Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// What `superposed --help` ends with.
pub(super) const HELP: &str = "\
Exit codes:
  0    it is done
  1    it was refused, or failed; one line on standard error says why, and what to do
  2    the command line makes no sense
  3    a campaign ended without all of its jobs done: some failed, or it was cancelled (watch, local, demo)
  4    no coordinator answers, or the connection to it broke
  130  interrupted before the end (watch, local, demo)

SUPERPOSED_COORDINATOR and SUPERPOSED_PROFILE say which coordinator is asked; NO_COLOR turns colours off.";

/// The error that no coordinator answers.
pub(super) fn unanswered(message: String) -> anyhow::Error {
    WithStatus { status: UNANSWERED, message }.into()
}

/// The exit code of a campaign that was followed, once it was last seen like this.
pub(super) fn of_campaign(campaign: &Campaign) -> u8 {
    match campaign.state() {
        CampaignState::Completed => 0,
        CampaignState::CompletedWithFailures | CampaignState::Cancelled => INCOMPLETE,
        // It goes on: who followed it turned away.
        CampaignState::Running | CampaignState::Paused | CampaignState::Unspecified => INTERRUPTED,
    }
}
