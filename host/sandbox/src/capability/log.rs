//! `log`: lines for the operator, bounded in number and size, and scrubbed before anyone else sees them.

use std::borrow::Cow;

use jackfield_core::port::LogLevel;

use super::{cut, printable};
use crate::instance::{HostState, Invocation, Ports};
use crate::world::v1::jackfield::connector::log::{Host, Level};

/// Fields of one line.
const FIELDS_MAX: usize = 32;

/// What is scrubbed beyond a line's bound, in bytes, so that a secret which begins before the cut is recognised whole.
const SCRUB_AHEAD_BYTES: usize = 16 << 10;

impl Host for HostState {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.begin()?;
        let limits = self.limits();
        if self.tally.log_lines >= limits.log_lines_max {
            self.tally.log_lines_dropped = self.tally.log_lines_dropped.saturating_add(1);
            return Ok(());
        }
        self.tally.log_lines += 1;
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        write_line(&self.ports, &self.invocation, level, &message, &fields);
        Ok(())
    }
}

/// One line, scrubbed and cut. Message and fields share the line's bound.
pub(super) fn write_line(
    ports: &Ports,
    invocation: &Invocation,
    level: LogLevel,
    message: &str,
    fields: &[(String, String)],
) {
    let mut left = invocation.limits.log_line_bytes_max;
    let mut clean = |text: &str| -> String {
        let scrubbed: Cow<'_, str> = ports.secrets.scrub(cut(text, left.saturating_add(SCRUB_AHEAD_BYTES)));
        let kept = printable(cut(&scrubbed, left));
        left = left.saturating_sub(kept.len());
        kept
    };
    let message = clean(message);
    let fields: Vec<(String, String)> =
        fields.iter().take(FIELDS_MAX).map(|(name, value)| (clean(name), clean(value))).collect();
    ports.log.write(&invocation.context, level, &message, &fields);
}
