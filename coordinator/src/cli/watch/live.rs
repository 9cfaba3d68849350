//! The terminal of the live view: what is drawn when, keys, and how it is left.

use super::{
    follow::{Follow, News},
    view::View,
};
use anyhow::{Context, Result};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers},
};
use std::{future::Future, pin::Pin, thread, time::Duration};
use superposed_shared::proto::v1;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

/// The view is drawn at least this often: the time left goes by itself.
const DRAWN_EVERY: Duration = Duration::from_secs(1);

/// How long a key is waited for before it is looked whether anybody still wants one.
const KEY_PATIENCE: Duration = Duration::from_millis(100);

/// A terminal that is as it was before once this is gone, however that comes about.
struct Screen(DefaultTerminal);

impl Screen {
    fn open() -> Result<Self> {
        let terminal = ratatui::try_init();
        Ok(Self(terminal.context("cannot draw on this terminal; `superposed watch … | cat` prints lines instead")?))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Shows a campaign until it ends, somebody presses q, or `interrupt` comes. Returns how it was last seen.
///
/// # Errors
/// When the terminal cannot be drawn on, or the coordinator is gone for good.
pub(super) async fn show(
    mut follow: Follow,
    mut interrupt: Pin<&mut (impl Future<Output = ()> + Send)>,
) -> Result<Option<v1::Campaign>> {
    let mut view = View::default();
    let mut screen = Screen::open()?;
    let mut keys = keys();
    let mut ticks = interval(DRAWN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        screen.0.draw(|frame| view.draw(frame)).context("cannot draw on this terminal")?;
        tokio::select! {
            news = follow.next() => match news {
                Some(Ok(News::Now(now))) => view.note(*now),
                Some(Ok(News::Failures(failures))) => view.note_failures(failures),
                Some(Ok(News::Away(reason))) => view.note_away(reason),
                Some(Err(error)) => return Err(error),
                None => break,
            },
            event = keys.recv() => match event {
                Some(event) if leaves(&event) => break,
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release => view.press(key.code),
                // A new size is seen when it is drawn next.
                Some(_) => {}
                // The terminal is gone.
                None => break,
            },
            _ = ticks.tick() => {}
            () = &mut interrupt => break,
        }
    }
    Ok(view.into_last())
}

/// Whether an event means that the view is to be left. A terminal that hands out every key by itself makes no signal of
/// Ctrl-C.
fn leaves(event: &Event) -> bool {
    match event {
        Event::Key(key) if key.modifiers.contains(KeyModifiers::CONTROL) => key.code == KeyCode::Char('c'),
        Event::Key(key) => matches!(key.code, KeyCode::Char('q' | 'Q')),
        _ => false,
    }
}

/// What happens at the terminal. A thread of its own waits for it, and ends with what it is heard by, or with the terminal.
fn keys() -> mpsc::Receiver<Event> {
    let (tell, events) = mpsc::channel(16);
    thread::spawn(move || {
        while !tell.is_closed() {
            let event = match event::poll(KEY_PATIENCE) {
                Ok(false) => continue,
                Ok(true) => event::read(),
                Err(error) => Err(error),
            };
            let Ok(event) = event else { return };
            if tell.blocking_send(event).is_err() {
                return;
            }
        }
    });
    events
}
