//! Order numbers: what a customer types, what the shop calls the order, and when the two are the same.

use jackfield_sdk::prelude::*;

use crate::settings::Settings;

/// No order name that Shopify makes is longer.
const CHARS_MAX: usize = 40;

/// The number that a customer gave.
pub(crate) struct OrderNumber {
    bare: String,
    prefix: String,
    suffix: String,
}

impl OrderNumber {
    /// # Errors
    /// `invalid-input` for what is the name of no order: `1001 OR status:open`.
    pub(crate) fn parse(text: &str, settings: &Settings) -> Result<Self, Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '#' | ' ' | '.' | '_' | '/' | '-');
        let affix = |text: &str| text.trim().trim_start_matches('#').to_owned();
        let (prefix, suffix) = (affix(&settings.order_prefix), affix(&settings.order_suffix));
        let bare = bare(text, &prefix, &suffix).to_owned();
        if bare.is_empty() || text.chars().count() > CHARS_MAX || !text.chars().all(plain) {
            return Err(Failure::invalid("/order_number", "This is not an order number."));
        }
        Ok(OrderNumber { bare, prefix, suffix })
    }

    /// The name to search for, without the `#` that Shopify's search leaves out, too.
    pub(crate) fn name(&self) -> String {
        format!("{}{}{}", self.prefix, self.bare, self.suffix)
    }

    /// Whether an order of this name has the number. `1001` is `#1001`, and `EU-1001-A` where the shop writes numbers
    /// so; it is never `11001` or `1001-B`.
    pub(crate) fn is(&self, name: &str) -> bool {
        bare(name, &self.prefix, &self.suffix).eq_ignore_ascii_case(&self.bare)
    }
}

/// The name without one `#` and without what the shop puts around every number.
fn bare<'n>(name: &'n str, prefix: &str, suffix: &str) -> &'n str {
    let name = name.trim();
    let name = name.strip_prefix('#').unwrap_or(name);
    let name = match name.split_at_checked(prefix.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(prefix) => rest,
        _ => name,
    };
    match name.len().checked_sub(suffix.len()).and_then(|at| name.split_at_checked(at)) {
        Some((rest, tail)) if tail.eq_ignore_ascii_case(suffix) => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, prefix: &str, suffix: &str) -> Result<OrderNumber, Failure> {
        let settings =
            Settings { order_prefix: prefix.to_owned(), order_suffix: suffix.to_owned(), ..Settings::default() };
        OrderNumber::parse(text, &settings)
    }

    #[test]
    fn a_number_is_the_order_of_that_name_and_no_other() {
        for text in ["1001", "#1001", " 1001 "] {
            let number = number(text, "#", "").unwrap();
            assert_eq!(number.name(), "1001");
            assert!(number.is("#1001") && number.is("1001"));
            for other in ["#11001", "#10011", "#1001-A", "##1001", "EU-1001", "", "#"] {
                assert!(!number.is(other), "{other}");
            }
        }
    }

    #[test]
    fn what_the_shop_puts_around_a_number_may_be_left_out() {
        for text in ["1001", "EU-1001-A", "#EU-1001-A", "eu-1001-a"] {
            let number = number(text, "EU-", "-A").unwrap();
            assert!(number.name().eq_ignore_ascii_case("EU-1001-A"));
            assert!(number.is("EU-1001-A") && number.is("#EU-1001-A"));
            assert!(!number.is("EU-1001-B") && !number.is("US-1001-A") && !number.is("EU-1002-A"));
        }
    }

    #[test]
    fn what_is_no_name_of_an_order_is_refused() {
        for text in ["", "#", "1001\" OR status:open", "name:1001", "1001*", "(1001)", "1001\n", "Ω", &"1".repeat(41)]
        {
            assert_eq!(number(text, "#", "").err().map(|failure| failure.kind.code()), Some("invalid-input"), "{text}");
        }
    }
}
