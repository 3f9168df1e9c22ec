//! What a guest can do besides computing: one file per import of the contract, and no other way out.
//!
//! Each function counts itself with [`HostState::begin`], asks the grant, and only then a port.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::instance::HostState;
use crate::world::v1;
use crate::world::v1::jackfield::connector::types;

mod cache;
mod http;
mod intents;
mod log;
mod secrets;
pub(crate) mod wasi;

/// Interfaces of `jackfield:connector` that a component may import.
pub(crate) const INTERFACES: [&str; 6] = ["http", "secrets", "cache", "intents", "log", "types"];

/// Everything that exists for guests: what is not in this linker cannot be called, whatever was overlooked before.
pub(crate) fn link(engine: &Engine) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(engine);
    v1::Connector::add_to_linker::<_, HasSelf<HostState>>(&mut linker, |state| state)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}

// Types only; it has no functions.
impl types::Host for HostState {}

/// Cuts a text to at most so many bytes, between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// A guest's text for people: what would move a cursor or colour a terminal is a question mark, and as long as before.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{cut, printable};

    #[test]
    fn a_text_for_people_moves_no_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\tc"), "a?[2Jb?\n\tc");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("grüße", 3), "gr");
        assert_eq!(cut("grüße", 4), "grü");
        assert_eq!(cut("kurz", 100), "kurz");
        assert_eq!(cut("ü", 0), "");
    }
}
