//! When a process is to stop.

use std::{future::Future, io};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};

/// Ends on SIGTERM, Ctrl-C or a terminal that is closed (SIGHUP) and, if asked, when standard input closes: a child whose input is a pipe from its parent
/// then never outlives it, however the parent dies.
///
/// # Errors
/// When signals cannot be listened for.
pub fn requested(until_stdin_closes: bool) -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
            () = stdin_closes(), if until_stdin_closes => {}
        }
    })
}

async fn stdin_closes() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 64];
    while !matches!(stdin.read(&mut buffer).await, Ok(0) | Err(_)) {}
}
