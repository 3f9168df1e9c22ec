//! The words around an answer that was kept: that it is not of now, and how old it is. Whether such an answer may be given at
//! all is decided elsewhere.

use super::{ANY_INTENT, Own, RenderContext, Renderer, fill_with};
use crate::{
    clean,
    error::{RenderError, TemplateError},
    reflow,
};

/// How a kept answer is given where nobody wrote other words.
pub(super) const STALE: &str = "I can't get the latest information right now. This is from {{ age }}:\n\n{{ text }}";

const STALES: Own = Own { name: "this text", see: &["age", "text", "title", "fetched_at"] };

/// A kept answer.
#[derive(Clone, Copy, Debug)]
pub struct Stale<'a> {
    /// The intent's title.
    pub title: &'a str,
    /// What [`Renderer::render`] made of its output.
    pub text: &'a str,
    /// Milliseconds since it was made.
    pub age_ms: u64,
    /// The instant at which it was made, in RFC 3339.
    pub fetched_at: &'a str,
}

impl Renderer {
    /// Adds the words in which an answer is given that is not of now. They see `age` ("12 minutes ago"), `text` (the answer),
    /// `title` and `fetched_at`.
    ///
    /// # Errors
    ///
    /// When they do not compile, or use something else.
    pub fn add_stale(&mut self, intent: &str, locale: &str, text: &str) -> Result<(), TemplateError> {
        let seen = minijinja::context! { age => "", text => "", title => "", fetched_at => "" };
        self.add_words(&stale_of(intent), locale, text, &STALES, seen)
    }

    /// The text for an answer that is not of now.
    ///
    /// # Errors
    ///
    /// When an operator's words fail over it.
    pub fn stale(&self, intent: &str, stale: &Stale<'_>, context: &RenderContext<'_>) -> Result<String, RenderError> {
        let key = stale_of(intent);
        let (template, locale) = self.words_for(&key, &stale_of(ANY_INTENT), context.locale);
        let call = self.call(&key, locale, context);
        let seen = minijinja::context! {
            age => call.formats.ago(stale.age_ms),
            // A finished text, whose paragraphs stay paragraphs.
            text => reflow::finished(stale.text),
            title => clean::text(stale.title),
            fetched_at => stale.fetched_at,
        };
        fill_with(&self.environment, &template, seen, call).map_err(|(line, cause)| RenderError {
            intent: intent.to_owned(),
            locale: locale.to_owned(),
            line,
            cause,
        })
    }
}

/// The name under which an intent's words are kept. No intent has this name, since intents have no blanks.
fn stale_of(intent: &str) -> String {
    format!("stale {intent}")
}
