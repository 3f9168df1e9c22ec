//! `[intent."PATTERN"]` and `[texts.LOCALE]`: how long an answer may take, what is asked first, how long answers are
//! kept, and the host's own sentences, as the operator writes them. How sections that cover the same intent go together
//! is decided in `policy.rs` of the host.

use std::collections::BTreeMap;

use jackfield_core::confirm::{Confirm, LIFE_MS_MAX};
use jackfield_core::deadline::END_MS_MIN;
use jackfield_core::degrade::Ladder;
use jackfield_core::freshness::{KEPT_MS_MAX, Keeping};
use jackfield_core::intent::is_intent_name;
use serde::Deserialize;
use toml::Spanned;

use super::Complaints;
use super::fallback::{Word, check_text};

/// `[intent."order.*"]`: what is not written comes from the next less specific section that covers the intent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntentSection {
    /// Milliseconds until the progress message.
    pub progress_ms: Option<Spanned<u64>>,
    /// Milliseconds until the end: no more than the connection's `wall_ms`.
    pub deadline_ms: Option<Spanned<u64>>,
    /// Whether the person is asked before a write: `"never"`, `"always"` or `{ when = [...] }`.
    pub confirm: Option<Spanned<Confirm>>,
    /// Milliseconds during which a person may answer that question.
    pub confirm_ms: Option<Spanned<u64>>,
    /// How long answers to a read are good: `{ ttl_ms = 60000, max_stale_ms = 3600000 }`.
    pub cache: Option<Spanned<Keeping>>,
    /// Whether equal reads that are under way at the same time are one question to the system: true where `ttl_ms` keeps
    /// answers, and false elsewhere, unless written otherwise.
    pub coalesce: Option<bool>,
    /// The steps that are tried in turn where there is no answer: `["cached", "message", "handoff", "contact"]`.
    pub fallback: Option<Spanned<Ladder>>,
    /// Whether a message is offered to the person or taken at once.
    pub message: Option<MessageMode>,
    /// Sentences by locale.
    pub texts: BTreeMap<Spanned<String>, TextsSection>,
}

/// What becomes of the step `message`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageMode {
    /// The person is offered to leave one.
    #[default]
    Offer,
    /// It is taken down at once where the person can be reached.
    Take,
}

/// `[texts.LOCALE]`: sentences of the host in one language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextsSection {
    /// It takes longer than usual.
    pub progress: Option<Spanned<String>>,
    /// There was no answer in time, and nothing was changed.
    pub timeout: Option<Spanned<String>>,
    /// Nobody knows whether a write happened.
    pub unknown: Option<Spanned<String>>,
    /// A write of which nobody knew has turned out not to have happened.
    pub not_applied: Option<Spanned<String>>,
    /// Nobody will ever know whether a write happened.
    pub unsettled: Option<Spanned<String>>,
    /// A template: the words around an answer that is not of now.
    pub stale: Option<Spanned<String>>,
    /// It was called off, and nothing was changed.
    pub cancelled: Option<Spanned<String>>,
    /// It can no longer be called off.
    pub begun: Option<Spanned<String>>,
    /// A template: the question before a write.
    pub confirm: Option<Spanned<String>>,
    /// The words of the fallbacks.
    pub fallback: BTreeMap<Word, Spanned<String>>,
}

/// A sentence at most, in bytes.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Judges an intent's section as far as it goes without the connectors at hand.
pub(super) fn check_intent(pattern: &str, section: &Spanned<IntentSection>, complaints: &mut Complaints) {
    if !is_pattern(pattern) {
        complaints.push(
            Some(section.span()),
            format!("`{pattern}` is not an intent pattern"),
            "`*`, `order.*` or `order.status`",
        );
    }
    let section = section.get_ref();
    if let Some(ms) = section.deadline_ms.as_ref().filter(|ms| *ms.get_ref() < END_MS_MIN) {
        complaints.push(
            Some(ms.span()),
            format!("`deadline_ms` of intent `{pattern}` is {}", ms.get_ref()),
            format!("no answer can be made in less than {END_MS_MIN} milliseconds"),
        );
    }
    if let Some(ms) = section.confirm_ms.as_ref().filter(|ms| !(1..=LIFE_MS_MAX).contains(ms.get_ref())) {
        complaints.push(
            Some(ms.span()),
            format!("`confirm_ms` of intent `{pattern}` is {}", ms.get_ref()),
            format!("a question stays open for 1 to {LIFE_MS_MAX} milliseconds"),
        );
    }
    if let Some(cache) = &section.cache
        && cache.get_ref().kept_ms().is_some_and(|ms| ms > KEPT_MS_MAX)
    {
        let ms = cache.get_ref().kept_ms().unwrap_or_default();
        let message = format!("`cache` of intent `{pattern}` keeps answers for {ms} milliseconds");
        complaints.push(
            Some(cache.span()),
            message,
            format!("answers are kept for {KEPT_MS_MAX} milliseconds at most"),
        );
    }
    if let Some(confirm) = &section.confirm
        && let Confirm::When(conditions) = confirm.get_ref()
    {
        for condition in conditions {
            if let Err(why) = condition.check() {
                complaints.push(Some(confirm.span()), format!("`confirm` of intent `{pattern}`: {why}"), CONDITION);
            }
        }
        if conditions.is_empty() {
            let message = format!("`confirm` of intent `{pattern}` has no condition");
            complaints.push(Some(confirm.span()), message, "write `\"never\"` or `\"always\"`, or add a condition");
        }
    }
    if let Some(ladder) = &section.fallback {
        let steps = &ladder.get_ref().0;
        if let Some(step) = steps.iter().enumerate().find_map(|(at, step)| steps[..at].contains(step).then_some(step)) {
            let message = format!("`fallback` of intent `{pattern}` has a step twice: {step:?}");
            complaints.push(
                Some(ladder.span()),
                message,
                "each step stands once, in the order in which they are tried",
            );
        }
    }
    for (locale, texts) in &section.texts {
        check_texts(locale.get_ref(), locale.span(), texts, complaints);
    }
}

const CONDITION: &str = "such as `{ pointer = \"/quantity\", is = \"above\", value = 10 }`";

/// Judges the sentences of one locale.
pub(super) fn check_texts(
    locale: &str,
    span: std::ops::Range<usize>,
    texts: &TextsSection,
    complaints: &mut Complaints,
) {
    check_locale(locale, span, complaints);
    let TextsSection { progress, timeout, unknown, not_applied, unsettled, stale, cancelled, begun, confirm, fallback } =
        texts;
    fallback.values().for_each(|text| check_text(locale, text, complaints));
    let sentences = [progress, timeout, unknown, not_applied, unsettled, cancelled, begun];
    for text in sentences.into_iter().chain([stale, confirm]).flatten() {
        if text.get_ref().trim().is_empty() || text.get_ref().len() > TEXT_BYTES_MAX {
            let message = format!("a text for `{locale}` is empty or over {TEXT_BYTES_MAX} bytes");
            complaints.push(Some(text.span()), message, "leave it out to have the host's own words");
        }
    }
}

/// Judges a language tag.
pub(super) fn check_locale(locale: &str, span: std::ops::Range<usize>, complaints: &mut Complaints) {
    if !crate::admission::is_locale(locale) {
        complaints.push(Some(span), format!("`{locale}` is not a language tag"), "such as `en` or `de-AT`");
    }
}

/// `*`, `order.*` or `order.status`.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let stem = pattern.strip_suffix(".*").map(|stem| format!("{stem}.x"));
    pattern == "*" || is_intent_name(stem.as_deref().unwrap_or(pattern))
}
