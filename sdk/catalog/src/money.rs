//! Amounts of money: a decimal text and a currency, never a binary fraction. How they look to a person is the host's affair.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of money, such as `{"amount": "59.90", "currency": "EUR"}`.
///
/// The fields are private because the value is proof: the amount is a decimal number with at least as many decimals as the
/// currency has, the currency is three capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Money {
    amount: String,
    currency: String,
}

/// Why something is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not a decimal number of at most 18 digits before the point and 9 after it.
    Amount(String),
    /// Not three letters.
    Currency(String),
    /// Two currencies in one sum.
    Mixed(String, String),
    /// The result has too many digits.
    Overflow,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(text) => write!(f, "`{text}` is not a decimal amount"),
            Self::Currency(text) => write!(f, "`{text}` is not an ISO 4217 currency"),
            Self::Mixed(left, right) => write!(f, "cannot add `{left}` and `{right}`"),
            Self::Overflow => f.write_str("the amount has too many digits"),
        }
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// From a decimal text and a currency.
    ///
    /// Vendors write the same amount as `19.9`, `19.90` and `19.9000`: it becomes `19.90` in euro and keeps decimals that matter.
    ///
    /// ```
    /// use jackfield_catalog::Money;
    /// assert_eq!(Money::new("19.9000", "eur")?.to_string(), "19.90 EUR");
    /// assert_eq!(Money::new("1200.00", "JPY")?.to_string(), "1200 JPY");
    /// assert_eq!(Money::new("0.0125", "USD")?.to_string(), "0.0125 USD");
    /// assert!(Money::new("12,50", "EUR").is_err());
    /// # Ok::<(), jackfield_catalog::MoneyError>(())
    /// ```
    pub fn new(amount: impl AsRef<str>, currency: impl AsRef<str>) -> Result<Self, MoneyError> {
        let currency = currency.as_ref().trim();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(MoneyError::Currency(shortened(currency)));
        }
        let currency = currency.to_ascii_uppercase();
        let decimal = Decimal::parse(amount.as_ref())?;
        Ok(Self { amount: decimal.to_text(minor_digits(&currency)), currency })
    }

    /// From a JSON number or text: some systems write amounts as numbers. The digits are taken as they are written.
    pub fn from_json(amount: &serde_json::Value, currency: impl AsRef<str>) -> Result<Self, MoneyError> {
        match amount {
            serde_json::Value::String(text) => Self::new(text, currency),
            serde_json::Value::Number(number) => Self::new(number.to_string(), currency),
            other => Err(MoneyError::Amount(shortened(&other.to_string()))),
        }
    }

    /// From an amount in the currency's smallest unit: 5990 cents are 59.90 EUR, 5990 yen are 5990 JPY.
    pub fn from_minor_units(units: i64, currency: impl AsRef<str>) -> Result<Self, MoneyError> {
        let zero = Self::new("0", currency)?;
        zero.with(Decimal { units: i128::from(units), scale: minor_digits(&zero.currency) })
    }

    /// The decimal text, such as `59.90`.
    pub fn amount(&self) -> &str {
        &self.amount
    }

    /// The ISO 4217 code, such as `EUR`.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Whether it is nothing at all.
    pub fn is_zero(&self) -> bool {
        !self.amount.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.amount.starts_with('-') && !self.is_zero()
    }

    /// The sum of two amounts in one currency.
    pub fn plus(&self, other: &Money) -> Result<Self, MoneyError> {
        self.combine(other, i128::checked_add)
    }

    /// What is left of it, which may be below zero.
    pub fn minus(&self, other: &Money) -> Result<Self, MoneyError> {
        self.combine(other, i128::checked_sub)
    }

    /// The price of several pieces.
    pub fn times(&self, pieces: u32) -> Result<Self, MoneyError> {
        let decimal = Decimal::parse(&self.amount)?;
        let units = decimal.units.checked_mul(i128::from(pieces)).ok_or(MoneyError::Overflow)?;
        self.with(Decimal { units, scale: decimal.scale })
    }

    fn combine(&self, other: &Money, operation: fn(i128, i128) -> Option<i128>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency.clone(), other.currency.clone()));
        }
        let (left, right) = (Decimal::parse(&self.amount)?, Decimal::parse(&other.amount)?);
        let scale = left.scale.max(right.scale);
        // At most 18 + 9 digits each: neither the scaling nor one sum can leave an i128.
        let units = operation(left.scaled(scale), right.scaled(scale)).ok_or(MoneyError::Overflow)?;
        self.with(Decimal { units, scale })
    }

    /// Parsed again, so that a result obeys the same bounds as an input.
    fn with(&self, decimal: Decimal) -> Result<Self, MoneyError> {
        Self::new(decimal.to_text(0), &self.currency).map_err(|_| MoneyError::Overflow)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl std::str::FromStr for Money {
    type Err = MoneyError;

    /// Reads `59.90 EUR` and `EUR 59.90`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (left, right) = text.trim().split_once(' ').ok_or_else(|| MoneyError::Amount(shortened(text)))?;
        if left.starts_with(|first: char| first.is_ascii_alphabetic()) {
            Self::new(right, left)
        } else {
            Self::new(left, right)
        }
    }
}

/// The JSON form before it is checked.
#[derive(Deserialize)]
struct Unchecked {
    amount: String,
    currency: String,
}

impl TryFrom<Unchecked> for Money {
    type Error = MoneyError;

    fn try_from(value: Unchecked) -> Result<Self, MoneyError> {
        Self::new(value.amount, value.currency)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Money {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        crate::shape::money(generator)
    }
}

/// How many decimals a currency has. Source: ISO 4217, list one; two is the rule, these are the exceptions.
pub fn minor_digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// A decimal number: `units` divided by ten to the power of `scale`.
struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    const INTEGER_DIGITS_MAX: usize = 18;
    const SCALE_MAX: usize = 9;

    fn parse(text: &str) -> Result<Self, MoneyError> {
        let bad = || MoneyError::Amount(shortened(text));
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // ".5" and "5." are seen in the wild; "." is nothing.
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (integer.is_empty() && fraction.is_empty()) || !all_digits(integer) || !all_digits(fraction) {
            return Err(bad());
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if integer.len() > Self::INTEGER_DIGITS_MAX || fraction.len() > Self::SCALE_MAX {
            return Err(bad());
        }
        let mut units: i128 = 0;
        for digit in integer.bytes().chain(fraction.bytes()) {
            units = units * 10 + i128::from(digit - b'0');
        }
        Ok(Self { units: if negative { -units } else { units }, scale: fraction.len() as u32 })
    }

    fn scaled(&self, scale: u32) -> i128 {
        self.units * 10_i128.pow(scale.saturating_sub(self.scale))
    }

    /// With at least so many decimals.
    fn to_text(&self, decimals_min: u32) -> String {
        let scale = self.scale.max(decimals_min);
        let units = self.scaled(scale);
        let sign = if units < 0 { "-" } else { "" };
        let width = scale as usize + 1;
        let digits = format!("{:0width$}", units.unsigned_abs());
        let (integer, fraction) = digits.split_at(digits.len() - scale as usize);
        if fraction.is_empty() { format!("{sign}{integer}") } else { format!("{sign}{integer}.{fraction}") }
    }
}

/// Enough of a vendor's text to recognise it in a log.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests;
