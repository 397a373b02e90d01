//! How words reach stdout and stderr: a reader that left, as `| head` does, is no failure of what runs, and a disk that is
//! full is one, told at the end.

use std::io::{self, Write as _};
use std::sync::OnceLock;

/// Why stdout takes no more.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Writes to stdout, as long as someone reads it.
pub(super) fn out(words: &str) {
    keep(|| io::stdout().lock().write_all(words.as_bytes()));
}

/// Writes bytes to stdout at once, as long as someone reads it.
pub fn out_now(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    keep(|| stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

/// Stdout for what writes rows by itself; it takes nothing once it is closed, and [`finish`] tells why.
pub struct Printed;

impl io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        keep(|| io::stdout().lock().write_all(bytes));
        if is_closed() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn keep(write: impl FnOnce() -> io::Result<()>) {
    if FAULT.get().is_none()
        && let Err(error) = write()
    {
        let _ = FAULT.set(error);
    }
}

/// Writes to stderr. Where that is gone there is nobody left to tell.
pub(super) fn aside(words: &str) {
    let _ = io::stderr().lock().write_all(words.as_bytes());
}

/// Whether stdout takes no more: whoever goes on only to be read may end.
pub fn is_closed() -> bool {
    FAULT.get().is_some()
}

/// Writes out what is still held back. Returns why something was lost that somebody waits for.
pub fn finish() -> Option<&'static io::Error> {
    keep(|| io::stdout().lock().flush());
    FAULT.get().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
}
