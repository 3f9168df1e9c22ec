//! The log: to standard error, as lines for people or as JSON for machines. What may stand in a line is decided where
//! the line is written; nothing here sees a request. Whatever is written passes the scrubber once more on its way out,
//! panics included: a secret that somebody let slip into a message ends here.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::OnceLock;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Takes every known secret out of a text.
type Scrub = Box<dyn Fn(&str) -> Cow<'_, str> + Send + Sync>;

/// One for the process, as its standard error is. Empty until there is a vault: before that no secret has been read.
static SCRUB: OnceLock<Scrub> = OnceLock::new();

/// Starts logging. `filter` is a `tracing` directive such as `info,guest=debug`.
///
/// # Errors
/// When the directive is malformed.
pub fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Clean(io::stderr()));
    match format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    // The message of a panic may quote what was at hand.
    std::panic::set_hook(Box::new(|panic| tracing::error!(panic = %panic, "panicked")));
    Ok(())
}

/// Has everything that is written from here on scrubbed. The first one stays: a process has one host.
pub fn scrub_with(scrub: impl Fn(&str) -> Cow<'_, str> + Send + Sync + 'static) {
    let _ = SCRUB.set(Box::new(scrub));
}

/// A text for standard error that did not come through the log.
pub fn clean(text: &str) -> Cow<'_, str> {
    SCRUB.get().map_or(Cow::Borrowed(text), |scrub| scrub(text))
}

/// Scrubs what is written. The log hands over one whole line at a time, so no value is cut in two.
struct Clean<W>(W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(clean(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_scrubbed_as_a_whole_line() {
        // The only test of this process that sets it.
        scrub_with(|text| text.replace("s3cret", "[redacted]").into());
        let mut out = Vec::new();
        Clean(&mut out).write_all(b"error: token s3cret is bad\n").unwrap();
        assert_eq!(out, b"error: token [redacted] is bad\n");
        assert_eq!(clean("nothing here"), "nothing here");
    }
}
