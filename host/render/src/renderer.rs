//! The set of templates and the making of a text: which template, in which locale, within which limits.

use crate::{
    call::Call,
    clean,
    error::{RenderError, TemplateError, cause_of},
    filters,
    formats::{Cache, TAG_BYTES_MAX},
    plain,
    reflow::{self, Page},
    words::Words,
};
use jackfield_catalog::{Definition, definition, definitions};
use jiff::Timestamp;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

mod own;
mod stale;

pub use stale::Stale;

/// Instructions that one text may take: the built-in ones need some hundreds, a list of fifty orders some thousands.
const FUEL: u64 = 200_000;

/// The language every intent of the catalogue speaks.
const DEFAULT_LOCALE: &str = "en";

/// How a person is asked where nobody wrote other words.
const QUESTION: &str = "{{ title }}: please check that this is right.\n\n{{ details }}\n\nShall I go ahead?";

/// A kind of the host's own words.
struct Own {
    name: &'static str,
    /// All that they see.
    see: &'static [&'static str],
}

const QUESTIONS: Own = Own { name: "a question", see: &["title", "details", "input"] };

/// Stands for every intent that has no words of its own. No intent has this name.
const ANY_INTENT: &str = "*";

/// Which template an operator's text is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateKey {
    /// Such as `order.status`.
    pub intent: String,
    /// BCP 47 tag, such as `de` or `de-AT`.
    pub locale: String,
}

/// For whom and when a text is made.
#[derive(Clone, Copy, Debug)]
pub struct RenderContext<'a> {
    /// BCP 47 tag of the user, such as `de-AT`. What is no tag is English.
    pub locale: &'a str,
    /// IANA time zone of the user, such as `Europe/Vienna`. What is none is UTC.
    pub time_zone: &'a str,
    /// The time of the call.
    pub now: Timestamp,
}

/// Makes texts. Share one between threads: rendering changes nothing but a cache.
#[derive(Debug)]
pub struct Renderer {
    environment: Environment<'static>,
    /// Locales that an intent has a template for, in lower case.
    locales: BTreeMap<String, BTreeSet<String>>,
    words: BTreeMap<String, Arc<Words>>,
    no_words: Arc<Words>,
    formats: Cache,
}

impl Renderer {
    /// Compiles the catalogue's templates and the operator's.
    ///
    /// An override of an intent of the catalogue is also tried on a sample output, so that a misspelt filter or field is found
    /// here and not in front of a user.
    ///
    /// # Errors
    ///
    /// The first template that cannot be used.
    pub fn new(overrides: impl IntoIterator<Item = (TemplateKey, String)>) -> Result<Self, TemplateError> {
        // Neither can happen to a build that passed its tests; an error is better than a panic all the same.
        let broken = |cause: String| TemplateError {
            intent: "any".to_owned(),
            locale: DEFAULT_LOCALE.to_owned(),
            line: None,
            cause,
        };
        let formats = Cache::new().map_err(|error| broken(error.to_string()))?;
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_formatter(|out, _, value| {
            // `none` would print as such.
            if value.is_undefined() || value.is_none() { Ok(()) } else { write!(out, "{value}").map_err(Into::into) }
        });
        environment.set_fuel(Some(FUEL));
        // It would print all a template sees.
        environment.remove_global("debug");
        filters::add_to(&mut environment);
        let mut renderer =
            Self { environment, locales: BTreeMap::new(), words: BTreeMap::new(), no_words: Arc::default(), formats };
        for definition in definitions() {
            renderer.describe(definition.name, &definition.output_schema);
            renderer.add(definition.name, DEFAULT_LOCALE, definition.template)?;
        }
        renderer.add_question(ANY_INTENT, DEFAULT_LOCALE, QUESTION)?;
        renderer.add_stale(ANY_INTENT, DEFAULT_LOCALE, stale::STALE)?;
        for (key, text) in overrides {
            renderer.add(&key.intent, &key.locale, text)?;
        }
        Ok(renderer)
    }

    /// Adds a text: an operator's, or one that a connector brings for its own intent. A later one replaces an earlier one.
    ///
    /// # Errors
    ///
    /// When it does not compile, or when it is for an intent of the catalogue and fails over the sample output.
    pub fn add(&mut self, intent: &str, locale: &str, text: impl Into<String>) -> Result<(), TemplateError> {
        let locale = normalised(locale);
        let name = template_name(intent, &locale);
        let error = |line, cause| TemplateError { intent: intent.to_owned(), locale: locale.clone(), line, cause };
        if locale.is_empty() || !locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(error(None, "not a BCP 47 tag".to_owned()));
        }
        // Tried in a copy: a bad text must not replace a good one.
        let mut environment = self.environment.clone();
        environment
            .add_template_owned(name.clone(), reflow::marked(&text.into()))
            .map_err(|found| error(found.line(), cause_of(&found)))?;
        if let Some(definition) = definition(intent) {
            self.try_out(&environment, definition, &name, &locale).map_err(|(line, cause)| error(line, cause))?;
        }
        self.environment = environment;
        self.locales.entry(intent.to_owned()).or_default().insert(locale);
        Ok(())
    }

    /// Tells the words for the codes of a connector's own intent, from the `x-codes` in its output schema.
    pub fn describe(&mut self, intent: &str, output_schema: &Value) {
        self.words.insert(intent.to_owned(), Arc::new(Words::of(output_schema)));
    }

    /// The text for an output that is validated and masked.
    ///
    /// The template is that of the user's locale, else of its language, else the English one. An intent without any gets its fields
    /// by name. The text has at most 8 KiB.
    ///
    /// # Errors
    ///
    /// When an operator's template fails over this output; [`Renderer::plain`] still makes a text then.
    pub fn render(&self, intent: &str, output: &Value, context: &RenderContext<'_>) -> Result<String, RenderError> {
        let Some(locale) = self.template_locale(intent, context.locale) else {
            return Ok(self.plain(intent, output, context));
        };
        let name = template_name(intent, locale);
        fill(&self.environment, &name, output, self.call(intent, locale, context))
            .map_err(|(line, cause)| RenderError { intent: intent.to_owned(), locale: locale.to_owned(), line, cause })
    }

    /// A text without a template: the fields by name. Never fails.
    pub fn plain(&self, intent: &str, output: &Value, context: &RenderContext<'_>) -> String {
        plain::text(output, &self.call(intent, DEFAULT_LOCALE, context))
    }

    /// Adds the words in which a person is asked before an intent is carried out. They see `title`, `details` (every field of
    /// the input, a line each) and `input`.
    ///
    /// # Errors
    ///
    /// When they do not compile, or use something else.
    pub fn add_question(&mut self, intent: &str, locale: &str, text: &str) -> Result<(), TemplateError> {
        let seen = minijinja::context! { title => "", details => "" };
        self.add_words(&question_of(intent), locale, text, &QUESTIONS, seen)
    }

    /// Tells the words for the codes of an input, from the `x-codes` in its schema.
    pub fn describe_input(&mut self, intent: &str, input_schema: &Value) {
        self.words.insert(question_of(intent), Arc::new(Words::of(input_schema)));
    }

    /// The question that a person is asked before an intent with this title is carried out over this input. Every field of the
    /// input is in it, unless the operator's own words leave it out.
    ///
    /// # Errors
    ///
    /// When an operator's words fail over this input.
    pub fn question(
        &self,
        intent: &str,
        title: &str,
        input: &Value,
        context: &RenderContext<'_>,
    ) -> Result<String, RenderError> {
        let key = question_of(intent);
        let (template, locale) = self.words_for(&key, &question_of(ANY_INTENT), context.locale);
        let call = self.call(&key, locale, context);
        // Made of texts that are clean, and of lines that must stay lines.
        let details = plain::details(input, &call);
        let seen = minijinja::context! { title => clean::text(title), details, input => clean::value(input) };
        fill_with(&self.environment, &template, seen, call).map_err(|(line, cause)| RenderError {
            intent: intent.to_owned(),
            locale: locale.to_owned(),
            line,
            cause,
        })
    }

    /// Every field of an input, a line each, without a template: for a person who has to act on it.
    pub fn details(&self, intent: &str, input: &Value, context: &RenderContext<'_>) -> String {
        plain::details(input, &self.call(&question_of(intent), DEFAULT_LOCALE, context))
    }

    /// Adds words of the host's own, and tries them on `seen`.
    fn add_words(
        &mut self,
        key: &str,
        locale: &str,
        text: &str,
        kind: &Own,
        seen: minijinja::Value,
    ) -> Result<(), TemplateError> {
        let locale = normalised(locale);
        let before = self.environment.clone();
        self.add(key, &locale, text)?;
        let error = |(line, cause)| TemplateError { intent: key.to_owned(), locale: locale.clone(), line, cause };
        let tried = self.try_words(&template_name(key, &locale), key, &locale, kind, seen);
        if tried.is_err() {
            // A bad text must not replace a good one.
            self.environment = before;
        }
        tried.map_err(error)
    }

    fn try_words(
        &self,
        template: &str,
        key: &str,
        locale: &str,
        kind: &Own,
        seen: minijinja::Value,
    ) -> Result<(), Fault> {
        let compiled = self.environment.get_template(template).map_err(fault)?;
        let globals: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let unknown = compiled.undeclared_variables(false).into_iter();
        let mut unknown: Vec<_> =
            unknown.filter(|name| !globals.contains(name.as_str()) && !kind.see.contains(&name.as_str())).collect();
        unknown.sort();
        if let Some(name) = unknown.first() {
            let (kind, there) = (kind.name, kind.see.join(", "));
            return Err((None, format!("there is no `{name}` in {kind}; there are {there}")));
        }
        let context = RenderContext { locale, time_zone: "UTC", now: Timestamp::UNIX_EPOCH };
        fill_with(&self.environment, template, seen, self.call(key, locale, &context)).map(drop)
    }

    /// The template of the host's own words and its language: the intent's, else those for every intent.
    fn words_for(&self, key: &str, any: &str, user: &str) -> (String, &str) {
        match self.template_locale(key, user) {
            Some(locale) => (template_name(key, locale), locale),
            None => (template_name(any, DEFAULT_LOCALE), DEFAULT_LOCALE),
        }
    }

    fn call(&self, intent: &str, template_locale: &str, context: &RenderContext<'_>) -> Call {
        let formats = self.formats.get(template_locale, context.locale);
        let words = self.words.get(intent).unwrap_or(&self.no_words);
        Call::new(formats, words.clone(), context.time_zone, context.now)
    }

    /// The longest beginning of the user's tag that there is a template for.
    fn template_locale(&self, intent: &str, user: &str) -> Option<&str> {
        let known = self.locales.get(intent)?;
        let user = if user.len() > TAG_BYTES_MAX { DEFAULT_LOCALE.to_owned() } else { normalised(user) };
        let mut tag = user.as_str();
        loop {
            if let Some(locale) = known.get(tag) {
                return Some(locale);
            }
            match tag.rfind('-') {
                Some(end) => tag = &tag[..end],
                None => return known.get(DEFAULT_LOCALE).map(String::as_str),
            }
        }
    }

    /// Looks for what only shows in use: filters, tests and fields that do not exist.
    fn try_out(
        &self,
        environment: &Environment<'static>,
        definition: &Definition,
        name: &str,
        locale: &str,
    ) -> Result<(), Fault> {
        let template = environment.get_template(name).map_err(fault)?;
        let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
        let fields = &definition.output_schema["properties"];
        let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        unknown.retain(|name| !globals.contains(name.as_str()) && fields[name].is_null());
        unknown.sort();
        if let Some(name) = unknown.first() {
            let line = template.source().lines().position(|line| line.contains(name.as_str())).map(|line| line + 1);
            let known: Vec<&str> = fields.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            return Err((line, format!("there is no field `{name}` in the output; there are {}", known.join(", "))));
        }
        let context = RenderContext { locale, time_zone: "UTC", now: Timestamp::UNIX_EPOCH };
        for output in [&definition.sample, &Value::Object(serde_json::Map::new())] {
            fill(environment, name, output, self.call(definition.name, locale, &context))?;
        }
        Ok(())
    }
}

/// What is wrong with a template, and in which line.
type Fault = (Option<usize>, String);

fn fault(error: minijinja::Error) -> Fault {
    (error.line(), cause_of(&error))
}

fn fill(environment: &Environment<'static>, name: &str, output: &Value, call: Call) -> Result<String, Fault> {
    fill_with(environment, name, clean::value(output), call)
}

fn fill_with(
    environment: &Environment<'static>,
    name: &str,
    seen: minijinja::Value,
    call: Call,
) -> Result<String, Fault> {
    let template = environment.get_template(name).map_err(fault)?;
    let mut page = Page::default();
    match call.during(|| template.render_captured_to(seen, &mut page).map(drop)) {
        Err(error) if !page.is_full => Err(fault(error)),
        _ => Ok(page.finish()),
    }
}

/// Tags are compared without regard to case; some systems write `de_AT`.
fn normalised(locale: &str) -> String {
    locale.trim().replace('_', "-").to_ascii_lowercase()
}

/// The name under which an intent's question is kept. No intent has this name, since intents have no blanks.
fn question_of(intent: &str) -> String {
    format!("question {intent}")
}

fn template_name(intent: &str, locale: &str) -> String {
    format!("{intent}/{locale}")
}
