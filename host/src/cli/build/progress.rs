//! What is going on, for whoever waits at a terminal. Cargo shows its own progress between these lines; a file or a pipe
//! gets none.

use std::cell::Cell;
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};

/// Cargo's own column of verbs, in characters.
const VERB_WIDTH: usize = 12;

/// Counts connectors.
pub(super) struct Progress {
    total: usize,
    done: Cell<usize>,
    is_shown: bool,
}

impl Progress {
    /// Of so many connectors.
    pub(super) fn new(total: usize) -> Progress {
        Progress { total, done: Cell::new(0), is_shown: std::io::stderr().is_terminal() }
    }

    /// Goes on to the next connector.
    pub(super) fn next(&self, verb: &str, what: &str) {
        self.done.set(self.done.get() + 1);
        self.step(verb, what);
    }

    /// Goes on with the same.
    pub(super) fn step(&self, verb: &str, what: &str) {
        if self.is_shown {
            eprintln!("{}", self.line(verb, what, std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())));
        }
    }

    fn line(&self, verb: &str, what: &str, is_coloured: bool) -> String {
        let count = if self.total > 1 { format!(" ({} of {})", self.done.get(), self.total) } else { String::new() };
        let style =
            if is_coloured { Style::new().bold().fg_color(Some(AnsiColor::Green.into())) } else { Style::new() };
        format!("{style}{verb:>VERB_WIDTH$}{style:#} {what}{count}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_like_cargos_and_counts_where_there_are_several() {
        let progress = Progress { total: 3, done: Cell::new(0), is_shown: false };
        progress.next("Building", "plugins/a");
        assert_eq!(progress.line("Packaging", "plugins/a", false), "   Packaging plugins/a (1 of 3)");
        let alone = Progress { total: 1, done: Cell::new(1), is_shown: false };
        assert_eq!(alone.line("Packaging", "a", true), "\u{1b}[1m\u{1b}[32m   Packaging\u{1b}[0m a");
    }
}
