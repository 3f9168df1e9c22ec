//! What filters know about the rendering they are part of: the user's formats, time zone and day, and the intent's words.

use crate::{formats::Formats, words::Words};
use jiff::{Timestamp, civil, tz::TimeZone};
use std::{cell::RefCell, rc::Rc, sync::Arc};

/// One rendering.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) formats: Arc<Formats>,
    pub(crate) words: Arc<Words>,
    time_zone: TimeZone,
    today: civil::Date,
}

thread_local! {
    /// The rendering that this thread is busy with; a rendering never waits, so that it is one at most. Neither a variable
    /// of the template, which macros do not see, nor a global of the environment, which would have to be copied for each text.
    static CURRENT: RefCell<Option<Rc<Call>>> = const { RefCell::new(None) };
}

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
        // The usual one without a look into the database.
        let time_zone =
            if time_zone == "UTC" { TimeZone::UTC } else { TimeZone::get(time_zone).unwrap_or(TimeZone::UTC) };
        let today = now.to_zoned(time_zone.clone()).date();
        Self { formats, words, time_zone, today }
    }

    /// Makes a text: what is done in `work` belongs to this rendering.
    pub(crate) fn during<T>(self, work: impl FnOnce() -> T) -> T {
        /// Ends the rendering however it ends.
        struct Ended(Option<Rc<Call>>);
        impl Drop for Ended {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _ended = Ended(CURRENT.replace(Some(Rc::new(self))));
        work()
    }

    /// The rendering that a filter is part of.
    pub(crate) fn current() -> Result<Rc<Self>, minijinja::Error> {
        let none = || minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, "no text is being made");
        CURRENT.with_borrow(Clone::clone).ok_or_else(none)
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
