//! Instants and days as text. Nothing here does arithmetic on them: that needs a time zone, which the host has.

use serde::{Deserialize, Serialize};

/// An instant, RFC 3339 with an offset: `2026-01-20T09:14:03Z`.
///
/// Made from what a business system wrote: [`Timestamp::new`] repairs the usual near misses and leaves anything else as
/// it is, because a strange date is no reason to withhold an answer (the host then shows it as it stands).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// Repairs a blank instead of `T`, an offset without a colon, and a missing offset (taken as UTC).
    ///
    /// ```
    /// use jackfield_catalog::Timestamp;
    /// assert_eq!(Timestamp::new("2026-01-05T14:42:00+0700").as_str(), "2026-01-05T14:42:00+07:00");
    /// assert_eq!(Timestamp::new("2026-01-05 14:42:00").as_str(), "2026-01-05T14:42:00Z");
    /// assert_eq!(Timestamp::new("soon").as_str(), "soon");
    /// ```
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref().trim();
        Self(repaired(text).unwrap_or_else(|| text.to_owned()))
    }

    /// From seconds since the Unix epoch.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_ms(seconds.saturating_mul(1000))
    }

    /// From milliseconds since the Unix epoch. Years outside 0000 to 9999 are held at the nearest of them.
    ///
    /// ```
    /// use jackfield_catalog::Timestamp;
    /// assert_eq!(Timestamp::from_unix_ms(1_772_409_600_000).as_str(), "2026-03-02T00:00:00Z");
    /// ```
    pub fn from_unix_ms(ms: i64) -> Self {
        const YEAR_0000: i64 = -62_167_219_200_000;
        const YEAR_9999_END: i64 = 253_402_300_799_999;
        let ms = ms.clamp(YEAR_0000, YEAR_9999_END);
        let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let (hour, minute, second, milli) =
            (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60, in_day % 1000);
        let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
        Self(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of RFC 3339. The calendar is not checked.
    pub fn is_well_formed(&self) -> bool {
        repaired(&self.0).is_some_and(|text| text == self.0)
    }
}

/// A calendar day, `2026-01-25`, the same day wherever the reader is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(String);

impl Date {
    /// Takes the day of a longer text without shifting it between time zones; leaves anything else as it is.
    ///
    /// ```
    /// use jackfield_catalog::Date;
    /// assert_eq!(Date::new("2026-05-30T07:00:00.000Z").as_str(), "2026-05-30");
    /// assert_eq!(Date::new("20260530").as_str(), "2026-05-30");
    /// ```
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref().trim();
        if let Some(day) = text.get(..10).filter(|day| is_day(day)) {
            return Self(day.to_owned());
        }
        if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
        }
        Self(text.to_owned())
    }

    /// The UTC day of an instant, from milliseconds since the Unix epoch.
    pub fn from_unix_ms(ms: i64) -> Self {
        Self::new(Timestamp::from_unix_ms(ms).as_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form `YYYY-MM-DD`. The calendar is not checked.
    pub fn is_well_formed(&self) -> bool {
        is_day(&self.0)
    }
}

macro_rules! as_text {
    ($name:ident, $shape:ident) => {
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::shape::$shape::json_schema(generator)
            }
        }
    };
}

as_text!(Timestamp, Instant);
as_text!(Date, Day);

fn is_day(text: &str) -> bool {
    has_form(text, "0000-00-00")
}

/// Whether each `0` of the form is a digit of the text and all else is equal.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| if form == b'0' { byte.is_ascii_digit() } else { byte == form })
}

/// The RFC 3339 form of a text that is close to it.
fn repaired(text: &str) -> Option<String> {
    let (day, separator, rest) = (text.get(..10)?, text.get(10..11)?, text.get(11..)?);
    if !is_day(day) || !matches!(separator, "T" | "t" | " ") {
        return None;
    }
    let clock = rest.get(..8).filter(|clock| has_form(clock, "00:00:00"))?;
    let rest = &rest[8..];
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            // RFC 3339 sets no limit, readers do: nanoseconds are as fine as they go.
            (format!(".{}", &after[..digits.min(9)]), &after[digits..])
        }
        None => (String::new(), rest),
    };
    let offset = offset.trim_start();
    let offset = match offset.strip_prefix(['+', '-']) {
        None if matches!(offset, "" | "Z" | "z") => "Z".to_owned(),
        Some(clock) if has_form(clock, "00:00") => offset.to_owned(),
        Some(clock) if has_form(clock, "0000") => format!("{}:{}", &offset[..3], &offset[3..]),
        _ => return None,
    };
    Some(format!("{day}T{clock}{fraction}{offset}"))
}

/// Year, month and day of a number of days since 1970-01-01.
/// Source: "chrono-Compatible Low-Level Date Algorithms", H. Hinnant, `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
