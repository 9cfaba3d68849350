//! A program in a terminal, and what is to be seen there.

use nix::sys::termios::{LocalFlags, tcgetattr};
use pty_process::{
    Size,
    blocking::{Command, Pts, Pty, open},
};
use std::{
    io::{Read, Write},
    num::NonZeroU16,
    process::{Child, ExitStatus},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};
use vt100::{Parser, Screen};

/// What does not appear in this time does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a terminal of its own. It is killed with the test.
pub(crate) struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    /// The other side, held open: what the program wrote last is never lost.
    pts: Pts,
    shown: Arc<(Mutex<Parser>, Condvar)>,
}

impl Terminal {
    /// Starts a program in a terminal of so many lines and columns.
    pub(crate) fn start(program: &str, arguments: &[&str], environment: &[(&str, &str)], size: (u16, u16)) -> Self {
        let (pty, pts) = open().expect("a terminal");
        let pty = Arc::new(pty);
        pty.resize(Size::new(size.0, size.1)).expect("a legal size");
        let mut command = Command::new(program).args(arguments).env("TERM", "xterm-256color");
        for unset in ["NO_COLOR", "SUPERPOSED_COORDINATOR", "SUPERPOSED_PROFILE", "SUPERPOSED_LOG"] {
            command = command.env_remove(unset);
        }
        for (name, value) in environment {
            command = command.env(name, value);
        }
        let child = command.spawn_borrowed(&pts).expect("the program starts");
        let (lines, columns) = sizes(size);
        let shown = Arc::new((Mutex::new(Parser::new(lines, columns, 0)), Condvar::new()));
        let (read, tell) = (Arc::clone(&pty), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = (&*read).read(&mut bytes) {
                tell.0.lock().expect("no test panicked with it").process(&bytes[..length]);
                tell.1.notify_all();
            }
        });
        Self { child, pty, pts, shown }
    }

    /// Waits until the screen is as it should be; returns its text.
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut parser = self.shown.0.lock().expect("no test panicked with it");
        while !is_so(parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} was not to be seen:\n{}", parser.screen().contents());
            parser = self.shown.1.wait_timeout(parser, left).expect("no test panicked with it").0;
        }
        parser.screen().contents()
    }

    /// Waits for a text on the screen; returns all of it.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contents().contains(text))
    }

    /// Presses keys.
    pub(crate) fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, size: (u16, u16)) {
        let (lines, columns) = sizes(size);
        self.shown.0.lock().expect("no test panicked with it").set_size(lines, columns);
        self.pty.resize(Size::new(size.0, size.1)).expect("a legal size");
    }

    /// Whether the terminal shows what is typed and hands it out by lines, as a shell wants it.
    pub(crate) fn is_for_typing(&self) -> bool {
        let flags = tcgetattr(&self.pts).expect("it is a terminal").local_flags;
        flags.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG)
    }

    /// Whether any of what is to be seen has a colour.
    pub(crate) fn has_colours(&self) -> bool {
        let parser = self.shown.0.lock().expect("no test panicked with it");
        let (lines, columns) = parser.screen().size();
        let mut cells = (0..lines.get()).flat_map(|line| (0..columns.get()).map(move |column| (line, column)));
        cells.any(|(line, column)| {
            let cell = parser.screen().cell(line, column);
            cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.child.id()).expect("the number of a process");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).expect("it runs");
    }

    /// Waits for the program's end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("a child of this process")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sizes((lines, columns): (u16, u16)) -> (NonZeroU16, NonZeroU16) {
    let size = |number| NonZeroU16::new(number).expect("a terminal has room");
    (size(lines), size(columns))
}
