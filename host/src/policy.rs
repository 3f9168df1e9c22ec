//! What the operator decided for one intent: times, questions, keeping, sentences. Sections of the configuration that
//! cover the same intent are laid over each other here, once, at the start; what a policy means for a call is decided by
//! `core` and carried out by `dispatch`.

use std::collections::BTreeMap;

use jackfield_core::confirm::{Confirm, LIFE_MS_DEFAULT};
use jackfield_core::deadline::Narrower;
use jackfield_core::degrade::Ladder;
use jackfield_core::freshness::Keeping;
use jackfield_core::intent::{Effect, covers};
use toml::Spanned;

use crate::config::{Config, IntentSection, MessageMode, TextsSection, Word};
use crate::fallback::words;

/// What holds for one intent.
#[derive(Clone, Debug)]
pub struct Policy {
    /// When the call speaks and ends.
    pub times: Narrower,
    /// Whether the person is asked first. Reads never ask.
    pub confirm: Confirm,
    /// How long that question stays open, in milliseconds.
    pub confirm_ms: u64,
    /// How long answers are good. Those to writes never are.
    pub keeping: Keeping,
    /// Whether equal reads under way are one question to the system.
    pub coalesce: bool,
    /// What is tried in turn where there is no answer.
    pub ladder: Ladder,
    /// Whether a message is offered or taken.
    pub message: MessageMode,
    /// The host's sentences.
    pub sentences: Sentences,
}

impl Policy {
    /// Lays every section that covers the intent over the less specific ones, key by key: an operator who writes a
    /// deadline for `order.*` still means the question that stands under `*`.
    pub fn of(config: &Config, intent: &str, effect: Effect) -> Policy {
        let mut sections: Vec<(&str, &IntentSection)> = config
            .intents
            .iter()
            .filter(|(pattern, _)| covers(pattern, intent))
            .map(|(pattern, section)| (pattern.as_str(), section.get_ref()))
            .collect();
        // Of two patterns that cover one name, the longer is the more specific; an exact name is the longest, since a
        // pattern's star stands for one letter at least.
        sections.sort_by_key(|(pattern, _)| (!pattern.ends_with('*'), pattern.len()));
        let mut policy = Policy {
            times: Narrower::default(),
            confirm: Confirm::Never,
            confirm_ms: LIFE_MS_DEFAULT,
            keeping: Keeping::default(),
            coalesce: false,
            ladder: Ladder::default(),
            message: MessageMode::default(),
            sentences: Sentences::default(),
        };
        for (locale, texts) in &config.texts {
            policy.sentences.lay(locale, texts.get_ref());
        }
        let mut coalesce = None;
        for (_, section) in sections {
            let number = |written: &Option<Spanned<u64>>| written.as_ref().map(|ms| *ms.get_ref());
            policy.times.progress_ms = number(&section.progress_ms).or(policy.times.progress_ms);
            policy.times.end_ms = number(&section.deadline_ms).or(policy.times.end_ms);
            policy.confirm_ms = number(&section.confirm_ms).unwrap_or(policy.confirm_ms);
            if let Some(confirm) = &section.confirm {
                policy.confirm = confirm.get_ref().clone();
            }
            policy.keeping = section.cache.as_ref().map_or(policy.keeping, |cache| *cache.get_ref());
            coalesce = section.coalesce.or(coalesce);
            if let Some(ladder) = &section.fallback {
                policy.ladder = ladder.get_ref().clone();
            }
            policy.message = section.message.unwrap_or(policy.message);
            for (locale, texts) in &section.texts {
                policy.sentences.lay(locale.get_ref(), texts);
            }
        }
        policy.keeping = Keeping::of(effect, policy.keeping);
        // Unless written otherwise: who takes an answer that is a while old as a new one takes one that is only just being
        // made.
        policy.coalesce = effect.is_read() && coalesce.unwrap_or(policy.keeping.ttl_ms > 0);
        if effect.is_read() {
            policy.confirm = Confirm::Never;
        }
        policy
    }
}

/// What the host says by itself, in every language that somebody wrote. Where nobody did, it speaks English.
#[derive(Clone, Debug, Default)]
pub struct Sentences(BTreeMap<String, InOneLanguage>);

#[derive(Clone, Debug, Default)]
struct InOneLanguage {
    progress: Option<String>,
    timeout: Option<String>,
    unknown: Option<String>,
    not_applied: Option<String>,
    unsettled: Option<String>,
    cancelled: Option<String>,
    begun: Option<String>,
    stale: Option<Spanned<String>>,
    confirm: Option<Spanned<String>>,
    words: BTreeMap<Word, String>,
}

/// Which sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// It takes longer than usual.
    Progress,
    /// There was no answer in time, and nothing was changed.
    Timeout,
    /// Nobody knows whether a write happened.
    Unknown,
    /// It has turned out that it did not.
    NotApplied,
    /// Nobody will ever know.
    Unsettled,
    /// It was called off, and nothing was changed.
    Cancelled,
    /// It can no longer be called off.
    Begun,
    /// A word of the fallbacks.
    Fallback(Word),
}

const PROGRESS: &str = "This is taking a bit longer than usual. I'm still checking, please hold on.";
const UNKNOWN: &str = "I can't tell yet whether that went through, so please don't send it again.";
const NOT_APPLIED: &str = "That didn't go through, and nothing was changed. Would you like to try again?";
const UNSETTLED: &str = "I can't find out whether that went through, so please don't send it again.";

const CANCELLED: &str = "All right, I've stopped that. Nothing was changed.";
const BEGUN: &str = "I've already started on that and can't stop it any more. I'll tell you what came of it.";

const ENGLISH: &str = "en";

impl Sentences {
    /// A sentence in the language of the user, else of their tag's beginning, else in English.
    pub fn say(&self, sentence: Sentence, locale: &str) -> &str {
        self.written(sentence, locale).unwrap_or_else(|| sentence.in_english())
    }

    /// The same, where the operator wrote one.
    pub fn written(&self, sentence: Sentence, locale: &str) -> Option<&str> {
        let user = locale.to_ascii_lowercase();
        in_language_of(&user, |tag| self.0.get(tag).and_then(|language| language.get(sentence)))
    }

    /// The templates of the question before a write, by locale, each with its place in the configuration.
    pub fn questions(&self) -> impl Iterator<Item = (&str, &Spanned<String>)> {
        self.0.iter().filter_map(|(locale, language)| Some((locale.as_str(), language.confirm.as_ref()?)))
    }

    /// The templates of the words around an answer that is not of now, likewise.
    pub fn stales(&self) -> impl Iterator<Item = (&str, &Spanned<String>)> {
        self.0.iter().filter_map(|(locale, language)| Some((locale.as_str(), language.stale.as_ref()?)))
    }

    fn lay(&mut self, locale: &str, texts: &TextsSection) {
        let language = self.0.entry(locale.to_ascii_lowercase()).or_default();
        let lay = |kept: &mut Option<String>, written: &Option<Spanned<String>>| {
            if let Some(text) = written {
                *kept = Some(text.get_ref().clone());
            }
        };
        lay(&mut language.progress, &texts.progress);
        lay(&mut language.timeout, &texts.timeout);
        lay(&mut language.unknown, &texts.unknown);
        lay(&mut language.not_applied, &texts.not_applied);
        lay(&mut language.unsettled, &texts.unsettled);
        lay(&mut language.cancelled, &texts.cancelled);
        lay(&mut language.begun, &texts.begun);
        language.words.extend(texts.fallback.iter().map(|(word, text)| (*word, text.get_ref().clone())));
        for (kept, written) in [(&mut language.stale, &texts.stale), (&mut language.confirm, &texts.confirm)] {
            if written.is_some() {
                kept.clone_from(written);
            }
        }
    }
}

/// What there is for a tag in lower case, else for its beginnings, else for English.
pub(crate) fn in_language_of<'t, T>(tag: &'t str, find: impl Fn(&'t str) -> Option<T>) -> Option<T> {
    let mut tag = tag;
    loop {
        if let Some(found) = find(tag) {
            return Some(found);
        }
        tag = match tag.rfind('-') {
            Some(end) => &tag[..end],
            None if tag != ENGLISH => ENGLISH,
            None => return None,
        };
    }
}

impl InOneLanguage {
    fn get(&self, sentence: Sentence) -> Option<&str> {
        match sentence {
            Sentence::Progress => self.progress.as_deref(),
            Sentence::Timeout => self.timeout.as_deref(),
            Sentence::Unknown => self.unknown.as_deref(),
            Sentence::NotApplied => self.not_applied.as_deref(),
            Sentence::Unsettled => self.unsettled.as_deref(),
            Sentence::Cancelled => self.cancelled.as_deref(),
            Sentence::Begun => self.begun.as_deref(),
            Sentence::Fallback(word) => self.words.get(&word).map(String::as_str),
        }
    }
}

impl Sentence {
    fn in_english(self) -> &'static str {
        match self {
            Sentence::Progress => PROGRESS,
            Sentence::Timeout => words::in_english(Word::Trouble),
            Sentence::Unknown => UNKNOWN,
            Sentence::NotApplied => NOT_APPLIED,
            Sentence::Unsettled => UNSETTLED,
            Sentence::Cancelled => CANCELLED,
            Sentence::Begun => BEGUN,
            Sentence::Fallback(word) => words::in_english(word),
        }
    }
}

#[cfg(test)]
mod tests;
