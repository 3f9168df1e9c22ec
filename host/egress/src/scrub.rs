//! Answers for text that leaves without secrets in it: every value in use is found in every encoding that an upstream
//! is likely to echo it in, in one pass, and replaced. What counts as in use is the vault's business.
//!
//! Limits, on purpose: a value under 6 bytes is found only as it is and only as a word of its own, since its encodings
//! would match half of all texts; one under 3 bytes is not looked for. Inside longer base64 the first and last
//! character may keep up to 4 bits of the value. A value that is reversed, split or encrypted is not found: the
//! defence against a guest that wants to leak is that it never sees the value.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use arc_swap::ArcSwap;
use zeroize::Zeroizing;

mod encodings;

/// What stands where a value stood.
pub const REDACTED: &str = "[redacted]";

/// Values remembered per slot: the old one of a rotation stays valid for a while and stays scrubbed.
const VERSIONS_MAX: usize = 4;

/// Shorter values are not looked for at all.
const VALUE_BYTES_MIN: usize = 3;

/// Shorter values are found only as words of their own.
const ENCODED_BYTES_MIN: usize = 6;

/// Shorter values stay in what an upstream sends to a guest: they could as well be the upstream's own words, and
/// replacing those would break answers.
const UPSTREAM_BYTES_MIN: usize = 12;

/// Bytes of an encoded value that the automata hold.
const HEAD_BYTES_MAX: usize = 48;

/// The values in use and how to find them.
#[derive(Default)]
pub(crate) struct Scrubber {
    known: ArcSwap<Known>,
    learning: Mutex<()>,
}

/// The last values of one slot, shared between one state of the scrubber and the next.
type Versions = VecDeque<Arc<Zeroizing<String>>>;

#[derive(Default)]
struct Known {
    /// By connection and slot, the newest last.
    values: HashMap<String, HashMap<String, Versions>>,
    everywhere: Option<Finder>,
    by_connection: HashMap<String, Finder>,
}

impl Known {
    fn has(&self, connection: &str, slot: &str, value: &str) -> bool {
        let versions = self.values.get(connection).and_then(|slots| slots.get(slot));
        versions.is_some_and(|versions| versions.iter().any(|known| known.as_str() == value))
    }
}

impl Scrubber {
    /// Adds a value. Cheap when it is known already; else the automata are built anew.
    pub(crate) fn learn(&self, connection: &str, slot: &str, value: &str) {
        if value.len() < VALUE_BYTES_MIN || self.known.load().has(connection, slot, value) {
            return;
        }
        // Only the builders wait for each other; whoever scrubs goes on with the automata of before. What the lock
        // guards is no data, so a panic of a builder leaves nothing broken.
        let _building = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.known.load();
        if before.has(connection, slot, value) {
            return;
        }
        let mut values = before.values.clone();
        let versions = values.entry(connection.to_owned()).or_default().entry(slot.to_owned()).or_default();
        if versions.len() == VERSIONS_MAX {
            versions.pop_front();
        }
        versions.push_back(Arc::new(Zeroizing::new(value.to_owned())));

        let everywhere = Finder::build(values.values().flat_map(HashMap::values).flatten(), VALUE_BYTES_MIN);
        let mut by_connection = before.by_connection.clone();
        let own = values.get(connection).into_iter().flat_map(HashMap::values).flatten();
        by_connection.extend(Finder::build(own, UPSTREAM_BYTES_MIN).map(|finder| (connection.to_owned(), finder)));
        self.known.store(Arc::new(Known { values, everywhere, by_connection }));
    }

    /// The text without any value; borrowed when there was none.
    pub(crate) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.known.load();
        match known.everywhere.as_ref().and_then(|finder| finder.replace(text.as_bytes())) {
            None => Cow::Borrowed(text),
            // What is left around whole encodings is text; around a value that is cut off within a letter it may not be.
            Some(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// What an upstream sent, without the longer values of its own connection; nothing when there was none.
    pub(crate) fn scrub_upstream(&self, connection: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        self.known.load().by_connection.get(connection)?.replace(bytes)
    }
}

/// Finds a set of values in all their encodings.
#[derive(Clone)]
struct Finder {
    /// Says whether there is a match at all: the fast question, since leftmost search may skip ahead (SIMD).
    gate: AhoCorasick,
    /// Finds all matches.
    automaton: AhoCorasick,
    /// By pattern.
    needles: Arc<[Needle]>,
}

/// What belongs to the beginning of an encoded value.
#[derive(Default)]
struct Needle {
    /// It counts only as a word of its own.
    words_only: bool,
    /// How values with this beginning go on. Automata hold beginnings only, so that a long token costs no more to
    /// learn than a short one; and a value that is cut off is hidden as far as it goes.
    tails: Vec<Vec<u8>>,
}

impl Finder {
    /// Nothing when no value is long enough.
    fn build<'v>(values: impl Iterator<Item = &'v Arc<Zeroizing<String>>>, bytes_min: usize) -> Option<Finder> {
        let mut needles: HashMap<Vec<u8>, Needle> = HashMap::new();
        for value in values.filter(|v| v.len() >= bytes_min) {
            if value.len() < ENCODED_BYTES_MIN {
                let short = || Needle { words_only: true, tails: Vec::new() };
                needles.entry(value.as_bytes().to_vec()).or_insert_with(short);
                continue;
            }
            for mut form in encodings::of(value) {
                let tail = form.split_off(form.len().min(HEAD_BYTES_MAX));
                let needle = needles.entry(form).or_default();
                // Should it be a short value as well: as an encoding it counts anywhere.
                needle.words_only = false;
                if !tail.is_empty() {
                    needle.tails.push(tail);
                }
            }
        }
        if needles.is_empty() {
            return None;
        }
        let (heads, needles): (Vec<_>, Vec<_>) = needles.into_iter().unzip();
        let gate = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&heads);
        match (gate, AhoCorasick::new(&heads)) {
            (Ok(gate), Ok(automaton)) => Some(Finder { gate, automaton, needles: needles.into() }),
            (Err(error), _) | (_, Err(error)) => {
                // Billions of states: no number of secrets that a host could hold leads here.
                tracing::error!(%error, heads = heads.len(), "too many secrets to look for");
                None
            }
        }
    }

    /// Replaces every stretch that is covered by values; nothing when there is none.
    fn replace(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.gate.find(text)?;
        // All matches, also overlapping ones: of two values that share a letter neither may leave its rest behind.
        // They come in the order in which their heads end, so that joining them keeps the stretches in order.
        let mut covered: Vec<(usize, usize)> = Vec::new();
        for found in self.automaton.try_find_overlapping_iter(Input::new(text)).ok()? {
            let needle = self.needles.get(found.pattern().as_usize())?;
            let (mut start, mut end) = (found.start(), found.end());
            if needle.words_only && !is_word(text, start, end) {
                continue;
            }
            end += needle.tails.iter().map(|tail| common(tail, &text[end..])).max().unwrap_or(0);
            while let Some((from, to)) = covered.pop_if(|(_, to)| start < *to) {
                start = start.min(from);
                end = end.max(to);
            }
            covered.push((start, end));
        }
        if covered.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        for (start, end) in covered {
            out.extend_from_slice(&text[copied..start]);
            out.extend_from_slice(REDACTED.as_bytes());
            copied = end;
        }
        out.extend_from_slice(&text[copied..]);
        Some(out)
    }
}

/// How many bytes two texts have in common at their beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Whether no letter or digit touches the stretch.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let touches = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
    !touches(start.checked_sub(1).and_then(|i| text.get(i))) && !touches(text.get(end))
}

#[cfg(test)]
mod tests;
