//! Amounts as business systems write them, good and bad.

use super::{Money, MoneyError};
use serde_json::json;

#[track_caller]
fn check(amount: &str, currency: &str, expected: &str) {
    assert_eq!(Money::new(amount, currency).unwrap().to_string(), expected);
}

#[test]
fn amounts_get_the_decimals_of_their_currency() {
    check("59.9", "EUR", "59.90 EUR");
    check("59.9000", "EUR", "59.90 EUR");
    check("59", " usd ", "59.00 USD");
    check("1200.00", "JPY", "1200 JPY");
    check("1.5", "KWD", "1.500 KWD");
    check("0.0125", "USD", "0.0125 USD");
    check("-3", "EUR", "-3.00 EUR");
    check("+.5", "EUR", "0.50 EUR");
    check("007", "EUR", "7.00 EUR");
    check("-0", "EUR", "0.00 EUR");
    check("999999999999999999.999999999", "USD", "999999999999999999.999999999 USD");
}

#[test]
fn what_is_no_amount_is_refused() {
    for amount in ["", " ", ".", "-", "1,5", "1e3", "NaN", "--1", "1.2.3", "٣", "1000000000000000000", "0.0000000001"]
    {
        assert!(matches!(Money::new(amount, "EUR"), Err(MoneyError::Amount(_))), "{amount}");
    }
    for currency in ["", "EU", "EURO", "E1R", "€"] {
        assert!(matches!(Money::new("1", currency), Err(MoneyError::Currency(_))), "{currency}");
    }
    assert!(serde_json::from_value::<Money>(json!({"amount": "much", "currency": "EUR"})).is_err());
}

#[test]
fn a_long_text_is_not_repeated_in_the_error() {
    let error = Money::new("x".repeat(100_000), "EUR").unwrap_err();
    assert!(error.to_string().len() < 100);
}

#[test]
fn json_numbers_keep_their_digits() {
    assert_eq!(Money::from_json(&json!(1250.5), "USD").unwrap().amount(), "1250.50");
    assert_eq!(Money::from_json(&json!(64), "USD").unwrap().amount(), "64.00");
    assert_eq!(Money::from_json(&json!("19.9"), "USD").unwrap().amount(), "19.90");
    assert!(Money::from_json(&json!(null), "USD").is_err());
    assert!(Money::from_json(&json!(1e300), "USD").is_err());
}

#[test]
fn smallest_units_depend_on_the_currency() {
    assert_eq!(Money::from_minor_units(5990, "EUR").unwrap().amount(), "59.90");
    assert_eq!(Money::from_minor_units(5990, "JPY").unwrap().amount(), "5990");
    assert_eq!(Money::from_minor_units(-5, "EUR").unwrap().amount(), "-0.05");
    assert_eq!(Money::from_minor_units(1500, "KWD").unwrap().amount(), "1.500");
    assert!(Money::from_minor_units(i64::MIN, "JPY").is_err());
}

#[test]
fn sums_are_exact_and_stay_in_one_currency() {
    let money = |text: &str| text.parse::<Money>().unwrap();
    assert_eq!(money("0.10 EUR").plus(&money("EUR 0.20")).unwrap(), money("0.30 EUR"));
    assert_eq!(money("1 EUR").minus(&money("1.005 EUR")).unwrap().amount(), "-0.005");
    assert_eq!(money("19.99 EUR").times(3).unwrap().amount(), "59.97");
    assert_eq!(money("999999999999999999 JPY").times(2), Err(MoneyError::Overflow));
    assert!(matches!(money("1 EUR").plus(&money("1 USD")), Err(MoneyError::Mixed(..))));
    assert!(money("0.00 EUR").is_zero() && !money("0.00 EUR").is_negative());
    assert!(money("-0.01 EUR").is_negative());
}
