//! `Edm.Decimal`, reckoned with as it is written: no binary fraction comes near a quantity or a price.
//!
//! Money as the catalogue knows it is [`Money`](crate::catalog::Money); this is what amounts are made from.

use std::{cmp::Ordering, fmt, iter::Sum, ops::Add};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

/// Digits after the point that are kept, at most.
const SCALE_MAX: u32 = 9;
/// Digits in all that are read, at most: products of two still fit.
const DIGITS_MAX: usize = 18;

/// A decimal number: `units` divided by ten to the power of `scale`. A null is zero where it stands in a struct with
/// defaults; use `Option` where the difference matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    /// Nothing at all.
    pub const ZERO: Decimal = Decimal { units: 0, scale: 0 };

    /// Reads `-12.50`: up to 18 digits, of which 9 after the point.
    ///
    /// ```
    /// use jackfield_sdk::odata::Decimal;
    ///
    /// assert_eq!(Decimal::parse("0012.500").unwrap().to_string(), "12.5");
    /// assert!(Decimal::parse("12,5").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // On-premise systems write the sign behind where a text was made of a number.
        let (negative, digits) = match (text.strip_prefix('-'), text.strip_suffix('-')) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest),
            (None, None) => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (integer.is_empty() && fraction.is_empty()) || !all_digits(integer) || !all_digits(fraction) {
            return None;
        }
        let (integer, fraction) = (integer.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= SCALE_MAX)?;
        if integer.len() + fraction.len() > DIGITS_MAX {
            return None;
        }
        let units =
            integer.bytes().chain(fraction.bytes()).fold(0, |units, digit| units * 10 + i128::from(digit - b'0'));
        Some(Decimal { units: if negative { -units } else { units }, scale })
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Whether it is more than zero.
    pub fn is_positive(self) -> bool {
        self.units > 0
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Decimal { units: self.units.saturating_abs(), scale: self.scale }
    }

    /// The product. `None` where it has too many digits.
    pub fn times(self, other: Decimal) -> Option<Self> {
        Some(Decimal { units: self.units.checked_mul(other.units)?, scale: self.scale + other.scale })
    }

    /// The quotient, rounded half away from zero to so many digits after the point. `None` for a division by zero and
    /// where there are too many digits.
    pub fn over(self, other: Decimal, scale: u32) -> Option<Self> {
        let numerator = self.units.checked_mul(10_i128.checked_pow(scale + other.scale)?)?;
        let denominator = other.units.checked_mul(10_i128.checked_pow(self.scale)?)?;
        if denominator == 0 {
            return None;
        }
        let doubled = numerator.checked_mul(2)?;
        let half = if (numerator < 0) == (denominator < 0) { denominator } else { denominator.checked_neg()? };
        Some(Decimal { units: doubled.checked_add(half)?.checked_div(denominator.checked_mul(2)?)?, scale })
    }

    /// The number for a model whose quantities are JSON numbers: the last step, after all reckoning.
    pub fn to_f64(self) -> f64 {
        // By way of the text, so that it is the nearest there is.
        self.to_string().parse().unwrap_or_default()
    }

    /// The same number with so many digits after the point, which are no fewer than before. Saturates.
    fn scaled(self, scale: u32) -> i128 {
        self.units.saturating_mul(10_i128.saturating_pow(scale.saturating_sub(self.scale)))
    }
}

impl Add for Decimal {
    type Output = Decimal;

    fn add(self, other: Decimal) -> Decimal {
        let scale = self.scale.max(other.scale);
        Decimal { units: self.scaled(scale).saturating_add(other.scaled(scale)), scale }
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Decimal>>(numbers: I) -> Decimal {
        numbers.fold(Decimal::ZERO, Add::add)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.scaled(scale).cmp(&other.scaled(scale))
    }
}

impl fmt::Display for Decimal {
    /// Without zeros at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0width$}", self.units.unsigned_abs());
        let (integer, fraction) = digits.split_at(digits.len() - self.scale as usize);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{integer}"),
            fraction => write!(f, "{sign}{integer}.{fraction}"),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number")
    }

    fn visit_unit<E>(self) -> Result<Decimal, E> {
        Ok(Decimal::ZERO)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        match text.trim() {
            "" => Ok(Decimal::ZERO),
            text => Decimal::parse(text).ok_or_else(|| E::custom("not a decimal number")),
        }
    }

    // Version 4 and some services of SuccessFactors write numbers.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(Decimal { units: i128::from(number), scale: 0 })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(Decimal { units: i128::from(number), scale: 0 })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Decimal, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_read_as_they_are_written_and_nothing_else_is() {
        for (text, shown) in
            [("1050.00", "1050"), ("-0.10", "-0.1"), (".5", "0.5"), ("5.", "5"), ("7-", "-7"), ("0.000", "0")]
        {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
        for bad in ["", ".", "-", "1e3", "1,0", "1.2.3", "NaN", "1234567890123456789", "0.1234567891"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
        for (value, shown) in
            [(json!("12.5"), "12.5"), (json!(12.5), "12.5"), (json!(7), "7"), (json!(null), "0"), (json!(""), "0")]
        {
            assert_eq!(serde_json::from_value::<Decimal>(value).unwrap().to_string(), shown);
        }
        assert!(serde_json::from_value::<Decimal>(json!("a lot")).is_err());
    }

    #[test]
    fn sums_and_products_are_exact() {
        let sum: Decimal = std::iter::repeat_n(decimal("0.1"), 10).sum();
        assert_eq!(sum, decimal("1"));
        assert_eq!(decimal("0.1") + decimal("-0.3"), decimal("-0.2"));
        assert_eq!(decimal("3.333").times(decimal("12.50")).unwrap().to_string(), "41.6625");
        assert!(decimal("2.5") > decimal("2.45") && decimal("-1") < Decimal::ZERO);
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        for (left, right, shown) in [
            ("10", "3", "3.33"),
            ("20", "3", "6.67"),
            ("-20", "3", "-6.67"),
            ("0.005", "1", "0.01"),
            ("1", "-8", "-0.13"),
        ] {
            assert_eq!(decimal(left).over(decimal(right), 2).unwrap().to_string(), shown, "{left} / {right}");
        }
        assert!(decimal("1").over(Decimal::ZERO, 2).is_none());
    }

    #[test]
    fn numbers_beyond_all_measure_neither_wrap_nor_panic() {
        let large = decimal("999999999999999999");
        let product = large.times(large).unwrap();
        assert!(product.times(large).is_none());
        assert!(product.over(decimal("0.000000001"), 9).is_none());
        let sum: Decimal = std::iter::repeat_n(product, 1_000).sum();
        assert!(sum.is_positive());
        assert!(sum.to_f64() > 1e38);
    }
}
