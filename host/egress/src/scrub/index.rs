//! Finds a set of values in all their encodings. Values come and go one at a time, and none of them costs more for
//! the others that are there.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::window::Window;
use super::{ENCODED_BYTES_MIN, encodings};

/// Encoded values of at least this many bytes are told from others by so much of their beginning: more than the header
/// of a JWT, which all of an issuer's tokens share.
const LONG_BYTES: usize = 48;

/// As above, for the shorter ones.
const MEDIUM_BYTES: usize = 16;

/// A set of values.
#[derive(Default)]
pub(super) struct Index {
    long: Window<LONG_BYTES>,
    medium: Window<MEDIUM_BYTES>,
    short: Shorts,
}

/// Encodings under [`MEDIUM_BYTES`]: passwords and user names that somebody chose. They are few and stay, so that an
/// automaton over all of them may be built anew when one changes.
#[derive(Default)]
struct Shorts {
    /// How often each was added, as an encoding and as a word.
    counts: HashMap<Vec<u8>, Counts>,
    automaton: Option<AhoCorasick>,
    /// By pattern: it counts only as a word of its own.
    words_only: Vec<bool>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    anywhere: usize,
    as_word: usize,
}

impl Index {
    pub(super) fn add(&mut self, value: &str) {
        self.change(value, true);
    }

    /// Removes a value that was added, once.
    pub(super) fn remove(&mut self, value: &str) {
        self.change(value, false);
    }

    fn change(&mut self, value: &str, is_added: bool) {
        if value.len() < ENCODED_BYTES_MIN {
            self.short.change(value.as_bytes(), is_added, |counts| &mut counts.as_word);
            self.short.build();
            return;
        }
        let mut has_short = false;
        for form in encodings::of(value) {
            match (form.len(), is_added) {
                (LONG_BYTES.., true) => self.long.add(&form),
                (LONG_BYTES.., false) => self.long.remove(&form),
                (MEDIUM_BYTES.., true) => self.medium.add(&form),
                (MEDIUM_BYTES.., false) => self.medium.remove(&form),
                _ => {
                    self.short.change(&form, is_added, |counts| &mut counts.anywhere);
                    has_short = true;
                }
            }
        }
        if has_short {
            self.short.build();
        }
    }

    /// The text with every stretch that is covered by values replaced; nothing when there is none.
    pub(super) fn replace(&self, text: &[u8], replacement: &[u8]) -> Option<Vec<u8>> {
        // All matches, also overlapping ones: of two values that share a letter neither may leave its rest behind.
        let mut found = Vec::new();
        self.long.find(text, &mut found);
        self.medium.find(text, &mut found);
        self.short.find(text, &mut found);
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        let mut out = Vec::with_capacity(text.len());
        let (mut copied, mut stretches) = (0, found.into_iter().peekable());
        while let Some((start, mut end)) = stretches.next() {
            while let Some((_, further)) = stretches.next_if(|(next, _)| *next < end) {
                end = end.max(further);
            }
            out.extend_from_slice(&text[copied..start]);
            out.extend_from_slice(replacement);
            copied = end;
        }
        out.extend_from_slice(&text[copied..]);
        Some(out)
    }
}

impl Shorts {
    fn change(&mut self, form: &[u8], is_added: bool, which: impl Fn(&mut Counts) -> &mut usize) {
        let counts = self.counts.entry(form.to_vec()).or_default();
        let count = which(counts);
        *count = if is_added { *count + 1 } else { count.saturating_sub(1) };
        if counts.anywhere + counts.as_word == 0 {
            self.counts.remove(form);
        }
    }

    fn build(&mut self) {
        // Should a short value be the encoding of another as well: as an encoding it counts anywhere.
        self.words_only = self.counts.values().map(|counts| counts.anywhere == 0).collect();
        self.automaton = match AhoCorasick::new(self.counts.keys()) {
            _ if self.counts.is_empty() => None,
            Ok(automaton) => Some(automaton),
            Err(error) => {
                // Billions of states: no number of short secrets that a host could hold leads here.
                tracing::error!(%error, forms = self.counts.len(), "too many short secrets to look for");
                None
            }
        };
    }

    fn find(&self, text: &[u8], found: &mut Vec<(usize, usize)>) {
        let Some(automaton) = &self.automaton else { return };
        for hit in automaton.find_overlapping_iter(text) {
            let words_only = self.words_only.get(hit.pattern().as_usize()).copied().unwrap_or_default();
            if !words_only || is_word(text, hit.start(), hit.end()) {
                found.push((hit.start(), hit.end()));
            }
        }
    }
}

/// Whether no letter or digit touches the stretch.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let touches = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
    !touches(start.checked_sub(1).and_then(|i| text.get(i))) && !touches(text.get(end))
}
