//! How one user reads dates, numbers, money and lists: the formatters of ICU4X for one pair of template language and user
//! locale. Which text is made is decided elsewhere.

use fixed_decimal::{Decimal, Sign};
use icu_datetime::{DateTimeFormatter, DateTimeFormatterLoadError, NoCalendarFormatter, fieldsets, input};
use icu_decimal::DecimalFormatter;
use icu_experimental::dimension::currency::{CurrencyType, formatter::CurrencyFormatter};
use icu_experimental::relativetime::{RelativeTimeFormatter, RelativeTimeFormatterOptions};
use icu_list::{ListFormatter, options::ListFormatterOptions};
use icu_locale::{Locale, LocaleExpander, extensions::unicode, locale, subtags::Language};
use icu_plurals::{PluralCategory, PluralRules};
use icu_provider::DataError;
use jiff::civil;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// The formatters of one locale. Making them costs some ten microseconds, so they are kept.
#[derive(Debug)]
pub(crate) struct Formats {
    locale: Locale,
    is_english: bool,
    day: DateTimeFormatter<fieldsets::MD>,
    day_of_year: DateTimeFormatter<fieldsets::YMD>,
    day_and_time: DateTimeFormatter<fieldsets::MDT>,
    day_of_year_and_time: DateTimeFormatter<fieldsets::YMDT>,
    time: NoCalendarFormatter<fieldsets::T>,
    decimal: DecimalFormatter,
    and: ListFormatter,
    or: ListFormatter,
    cardinal: PluralRules,
    ordinal: PluralRules,
}

/// Why there are no formatters for a locale. The built-in data has a root for every locale, so this is a fault of the build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatsError {
    #[error(transparent)]
    DateTime(#[from] DateTimeFormatterLoadError),
    #[error(transparent)]
    Data(#[from] DataError),
}

/// A day so far from today is told with its year.
const DAYS_WITHOUT_YEAR: i32 = 300;

/// What numbers show at most; the currency decides for money.
const DECIMALS_MAX: i16 = 3;

/// Numbers longer than this are shown as they stand.
const DIGITS_MAX: usize = 40;

impl Formats {
    fn new(locale: Locale) -> Result<Self, FormatsError> {
        // "English" without a region is read all over the world: no comma before "and".
        let list_locale = if locale.id == locale!("en").id { locale!("en-001") } else { locale.clone() };
        let list = ListFormatterOptions::default;
        Ok(Self {
            is_english: is_english(&locale),
            day: DateTimeFormatter::try_new((&locale).into(), fieldsets::MD::long())?,
            day_of_year: DateTimeFormatter::try_new((&locale).into(), fieldsets::YMD::long())?,
            day_and_time: DateTimeFormatter::try_new((&locale).into(), fieldsets::MD::long().with_time_hm())?,
            day_of_year_and_time: DateTimeFormatter::try_new((&locale).into(), fieldsets::YMD::long().with_time_hm())?,
            time: NoCalendarFormatter::try_new((&locale).into(), fieldsets::T::hm())?,
            decimal: DecimalFormatter::try_new((&locale).into(), Default::default())?,
            and: ListFormatter::try_new_and((&list_locale).into(), list())?,
            or: ListFormatter::try_new_or((&list_locale).into(), list())?,
            cardinal: PluralRules::try_new_cardinal((&locale).into())?,
            ordinal: PluralRules::try_new_ordinal((&locale).into())?,
            locale,
        })
    }

    /// A day, with its year where it is far from today.
    pub(crate) fn date(&self, day: civil::Date, today: civil::Date) -> String {
        let (year, month, number) = parts(day);
        let Ok(date) = input::Date::try_new_iso(year, month, number) else { return day.to_string() };
        let text = if is_far(day, today) {
            self.day_of_year.format(&date).to_string()
        } else {
            self.day.format(&date).to_string()
        };
        self.in_words(text, day)
    }

    /// A day and the time of it.
    pub(crate) fn datetime(&self, at: civil::DateTime, today: civil::Date) -> String {
        let (year, month, number) = parts(at.date());
        let date = input::Date::try_new_iso(year, month, number);
        let (Ok(date), Some(time)) = (date, icu_time(at.time())) else { return at.to_string() };
        let both = input::DateTime { date, time };
        let text = if is_far(at.date(), today) {
            self.day_of_year_and_time.format(&both).to_string()
        } else {
            self.day_and_time.format(&both).to_string()
        };
        self.in_words(text, at.date())
    }

    pub(crate) fn time(&self, at: civil::Time) -> String {
        let Some(time) = icu_time(at) else { return at.to_string() };
        self.plain_spaces(self.time.format(&time).to_string())
    }

    /// English says "January 25th" where CLDR writes "January 25".
    fn in_words(&self, text: String, day: civil::Date) -> String {
        if !self.is_english {
            return text;
        }
        let number = day.day().to_string();
        let is_alone = |at: usize| {
            let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
            !digit(text.as_bytes().get(at.wrapping_sub(1))) && !digit(text.as_bytes().get(at + number.len()))
        };
        let place = text.match_indices(&number).map(|(at, _)| at).find(|&at| is_alone(at));
        let text = match place {
            Some(at) => {
                let (before, after) = text.split_at(at);
                let after = &after[number.len()..];
                format!("{before}{}{after}", english_ordinal(&self.ordinal, &number, i64::from(day.day())))
            }
            // Another calendar counts the days otherwise.
            None => text,
        };
        self.plain_spaces(text)
    }

    /// CLDR writes "2:05 PM" with a narrow no-break space, which few English readers' tools expect.
    fn plain_spaces(&self, text: String) -> String {
        if self.is_english { text.replace('\u{202f}', " ") } else { text }
    }

    /// A number; the text itself where it is none.
    pub(crate) fn number(&self, text: &str) -> String {
        match decimal(text) {
            Some(decimal) => self.decimal.format(&decimal).to_string(),
            None => text.to_owned(),
        }
    }

    /// An amount in a currency; both as they stand where they are not.
    pub(crate) fn money(&self, amount: &str, currency: &str) -> String {
        self.try_money(amount, currency).unwrap_or_else(|| format!("{amount} {currency}").trim().to_owned())
    }

    fn try_money(&self, amount: &str, currency: &str) -> Option<String> {
        let decimal = exact_decimal(amount)?;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let code = unicode::Value::try_from_str(&currency.to_ascii_lowercase()).ok()?;
        let currency = CurrencyType::try_from(&code).ok()?;
        // About one microsecond: cheaper than a cache with a bound.
        let formatter = CurrencyFormatter::try_new_symbol((&self.locale).into(), currency, Default::default()).ok()?;
        Some(formatter.format_fixed_decimal(&decimal).to_string())
    }

    /// Which plural form a number takes; none for what is no number.
    pub(crate) fn plural(&self, text: &str) -> Option<&'static str> {
        let decimal = decimal(text)?;
        Some(match self.cardinal.category_for(&decimal) {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        })
    }

    /// A whole number as a rank. Languages whose form depends on more than the number get the number alone.
    pub(crate) fn rank(&self, number: i64) -> String {
        let text = self.number(&number.to_string());
        match self.locale.id.language.as_str() {
            "en" => english_ordinal(&self.ordinal, &text, number),
            "de" | "da" | "nb" | "no" | "nn" | "fi" | "cs" | "sk" | "pl" | "hu" | "hr" | "sl" | "sr" | "tr" | "et"
            | "lv" => {
                format!("{text}.")
            }
            "es" | "it" | "pt" => format!("{text}º"),
            "fr" if number == 1 => format!("{text}er"),
            "fr" => format!("{text}e"),
            "nl" => format!("{text}e"),
            _ => text,
        }
    }

    /// How long ago, in the one unit that says enough: `12 minutes ago`.
    pub(crate) fn ago(&self, age_ms: u64) -> String {
        let (unit, count) = coarse(age_ms);
        let (prefs, options) = ((&self.locale).into(), RelativeTimeFormatterOptions::default());
        // Rarely said, and cheap to make: not kept like the others.
        let formatter = match unit {
            Unit::Second => RelativeTimeFormatter::try_new_long_second(prefs, options),
            Unit::Minute => RelativeTimeFormatter::try_new_long_minute(prefs, options),
            Unit::Hour => RelativeTimeFormatter::try_new_long_hour(prefs, options),
            Unit::Day => RelativeTimeFormatter::try_new_long_day(prefs, options),
        };
        let mut past = Decimal::from(count);
        past.set_sign(Sign::Negative);
        match formatter {
            Ok(formatter) => formatter.format(past).to_string(),
            // There is a root for every locale, so this is a fault of the build.
            Err(_) => format!("{count} {}", unit.symbol()),
        }
    }

    pub(crate) fn list(&self, items: &[String], or: bool) -> String {
        let formatter = if or { &self.or } else { &self.and };
        formatter.format(items.iter()).to_string()
    }
}

/// Units in which ages are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
            Unit::Day => "d",
        }
    }
}

/// An age in the largest unit of which it is at least one and a half, rounded up: nothing is said to be younger than it is.
fn coarse(age_ms: u64) -> (Unit, u64) {
    const SECOND: u64 = 1_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (unit, ms) = [(Unit::Day, DAY), (Unit::Hour, HOUR), (Unit::Minute, MINUTE)]
        .into_iter()
        .find(|(_, ms)| age_ms >= ms + ms / 2)
        .unwrap_or((Unit::Second, SECOND));
    (unit, age_ms.div_ceil(ms).max(1))
}

fn is_english(locale: &Locale) -> bool {
    locale.id.language.as_str() == "en"
}

fn is_far(day: civil::Date, today: civil::Date) -> bool {
    day.duration_since(today).as_hours().abs() > i64::from(DAYS_WITHOUT_YEAR) * 24
}

/// Year, month and day as ICU4X takes them.
fn parts(day: civil::Date) -> (i32, u8, u8) {
    (i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
}

fn icu_time(time: civil::Time) -> Option<input::Time> {
    input::Time::try_new(time.hour().unsigned_abs(), time.minute().unsigned_abs(), time.second().unsigned_abs(), 0).ok()
}

/// A number as people read it: no endless decimals, no "25.0".
fn decimal(text: &str) -> Option<Decimal> {
    let mut decimal = exact_decimal(text)?;
    decimal.round(-DECIMALS_MAX);
    decimal.absolute.trim_end();
    if decimal.absolute.is_zero() {
        decimal.set_sign(Sign::None);
    }
    Some(decimal)
}

/// Without exponents: they make a number of any length.
fn exact_decimal(text: &str) -> Option<Decimal> {
    let is_plain =
        text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if is_plain { Decimal::try_from_str(text).ok() } else { None }
}

fn english_ordinal(rules: &PluralRules, text: &str, number: i64) -> String {
    let suffix = match rules.category_for(number.unsigned_abs()) {
        PluralCategory::One => "st",
        PluralCategory::Two => "nd",
        PluralCategory::Few => "rd",
        _ => "th",
    };
    format!("{text}{suffix}")
}

/// The longest locale that is looked at: none in use comes near it.
pub(crate) const TAG_BYTES_MAX: usize = 64;

/// The formats in use, by template locale and user locale.
#[derive(Debug)]
pub(crate) struct Cache {
    expander: LocaleExpander,
    english: Arc<Formats>,
    formats: RwLock<HashMap<(String, String), Arc<Formats>>>,
}

impl Cache {
    /// Callers choose locales: without a bound they would choose how much memory is used.
    const ENTRIES_MAX: usize = 256;

    pub(crate) fn new() -> Result<Self, FormatsError> {
        Ok(Self {
            expander: LocaleExpander::new_common(),
            english: Arc::new(Formats::new(locale!("en"))?),
            formats: RwLock::default(),
        })
    }

    /// The formats for a text in the template's language, for that user.
    pub(crate) fn get(&self, template: &str, user: &str) -> Arc<Formats> {
        if user.len() > TAG_BYTES_MAX {
            return self.english.clone();
        }
        let key = (template.to_owned(), user.to_owned());
        if let Some(formats) = self.formats.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return formats.clone();
        }
        let formats = Formats::new(self.combined(template, user)).map_or_else(|_| self.english.clone(), Arc::new);
        let mut known = self.formats.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::ENTRIES_MAX {
            known.clear();
        }
        known.insert(key, formats.clone());
        formats
    }

    /// The user's locale where it speaks the template's language; else the template's language as it is written in the
    /// user's region.
    fn combined(&self, template: &str, user: &str) -> Locale {
        let template: Locale = template.parse().unwrap_or(locale!("en"));
        let Ok(mut user) = user.replace('_', "-").parse::<Locale>() else { return template };
        if user.id.language == template.id.language || user.id.language == Language::UNKNOWN {
            return if user.id.language == Language::UNKNOWN { template } else { user };
        }
        if user.id.region.is_none() {
            self.expander.maximize(&mut user.id);
        }
        let mut combined = template;
        combined.id.region = user.id.region.or(combined.id.region);
        combined
    }
}
