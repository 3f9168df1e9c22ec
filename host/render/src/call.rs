//! What filters know about the rendering they are part of: the user's formats, time zone and day, and the intent's words.

use crate::{formats::Formats, words::Words};
use jiff::{Timestamp, civil, tz::TimeZone};
use minijinja::{Environment, State, Value, value::Object};
use std::sync::Arc;

/// One rendering.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) formats: Arc<Formats>,
    pub(crate) words: Arc<Words>,
    time_zone: TimeZone,
    today: civil::Date,
}

impl Object for Call {}

/// The global that carries it. A field of an output cannot have this name, see `clean`.
const NAME: &str = "__call";

/// What a text of a business system says about time.
pub(crate) enum When {
    /// The same day for everybody.
    Day(civil::Date),
    /// An instant, as the user's clock shows it.
    Instant(civil::DateTime),
}

impl Call {
    /// An unknown time zone is UTC: a time is better than none.
    pub(crate) fn new(formats: Arc<Formats>, words: Arc<Words>, time_zone: &str, now: Timestamp) -> Self {
        let time_zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(time_zone.clone()).date();
        Self { formats, words, time_zone, today }
    }

    pub(crate) fn enter(self, environment: &mut Environment<'_>) {
        environment.add_global(NAME, Value::from_object(self));
    }

    /// The rendering a filter is part of. A global rather than a variable, because macros do not see variables.
    pub(crate) fn of(state: &State<'_, '_>) -> Result<Arc<Self>, minijinja::Error> {
        let value = state.env().globals().find(|(name, _)| *name == NAME);
        value
            .and_then(|(_, value)| value.downcast_object::<Self>())
            .ok_or_else(|| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "no text is being made"))
    }

    /// What the text says about time, if it does.
    pub(crate) fn when(&self, text: &str) -> Option<When> {
        if text.len() == 10 {
            return text.parse().ok().map(When::Day);
        }
        // Longer than any RFC 3339 instant: not worth parsing.
        if text.len() > 64 {
            return None;
        }
        let instant: Timestamp = text.parse().ok()?;
        Some(When::Instant(instant.to_zoned(self.time_zone.clone()).datetime()))
    }

    /// The day of a date or an instant in words; the text itself where it is neither.
    pub(crate) fn date(&self, text: &str) -> String {
        match self.when(text) {
            Some(When::Day(day)) => self.formats.date(day, self.today),
            Some(When::Instant(instant)) => self.formats.date(instant.date(), self.today),
            None => text.to_owned(),
        }
    }

    /// Day and time in words; a day alone where no time is told.
    pub(crate) fn datetime(&self, text: &str) -> String {
        match self.when(text) {
            Some(When::Day(day)) => self.formats.date(day, self.today),
            Some(When::Instant(instant)) => self.formats.datetime(instant, self.today),
            None => text.to_owned(),
        }
    }

    /// The time of an instant; the text itself where it is none.
    pub(crate) fn time(&self, text: &str) -> String {
        match self.when(text) {
            Some(When::Instant(instant)) => self.formats.time(instant.time()),
            _ => text.to_owned(),
        }
    }
}
