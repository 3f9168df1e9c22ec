//! The words that a connector brings for its own intent, judged while their author looks: there is no sample output to try
//! them on, so what can be told without one is. Loading asks for less, so that no package of yesterday is refused.

use minijinja::{ErrorKind, context};
use serde_json::Value;

use super::{RenderContext, Renderer, template_name};
use crate::error::{TemplateError, cause_of};

impl Renderer {
    /// Adds a connector's English text for its own intent, and looks for filters, tests and functions that do not exist. One in a
    /// branch that an empty output does not take only shows over an output that takes it.
    ///
    /// # Errors
    ///
    /// When it does not compile, or uses what is not there.
    pub fn add_own(&mut self, intent: &str, output_schema: &Value, text: &str) -> Result<(), TemplateError> {
        let (before, locale) = (self.environment.clone(), super::DEFAULT_LOCALE);
        self.add(intent, locale, text)?;
        self.describe(intent, output_schema);
        let for_whom = RenderContext { locale, time_zone: "UTC", now: jiff::Timestamp::UNIX_EPOCH };
        let call = self.call(intent, locale, &for_whom);
        let template = self.environment.get_template(&template_name(intent, locale));
        let tried = template.and_then(|template| call.during(|| template.render(context! {})));
        let unknown = tried.err().filter(|error| {
            use ErrorKind::{UnknownFilter, UnknownFunction, UnknownTest};
            matches!(error.kind(), UnknownFilter | UnknownTest | UnknownFunction)
        });
        let Some(error) = unknown else { return Ok(()) };
        // A bad text must not replace a good one.
        self.environment = before;
        let (intent, line, cause) = (intent.to_owned(), error.line(), cause_of(&error));
        Err(TemplateError { intent, locale: locale.to_owned(), line, cause })
    }
}
