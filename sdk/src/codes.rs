//! From a vendor's codes to canonical ones: a table in code, and the operator's word over it.
//!
//! What the canonical codes are is the catalogue's affair.

use std::collections::BTreeMap;

use jackfield_catalog::Coded;
use serde::Deserialize;

/// What the operator says a vendor's code means: the setting `status_names`.
///
/// ```toml
/// [connection.shop-eu.settings.status_names.payment_status]
/// "AUTHORISED_BY_BANK" = "authorized"
/// ```
///
/// The table's name is the name of the function that [`codes!`](macro@crate::codes) makes; the left side is the vendor's
/// code exactly as it comes, the right side the canonical code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StatusNames(BTreeMap<String, BTreeMap<String, String>>);

impl StatusNames {
    /// The canonical value the operator wrote for this code. A word that is not canonical counts as not written, and a
    /// warning says so.
    pub fn canonical<T: Coded>(&self, table: &str, vendor_code: &str) -> Option<T> {
        let word = self.0.get(table)?.get(vendor_code)?;
        let canonical = T::ALL.iter().copied().find(|canonical| canonical.code() == word);
        if canonical.is_none() {
            crate::warn!("`status_names` has a word that is not canonical"; table, vendor_code, word);
        }
        canonical
    }

    /// The other direction, for writes: the vendor's code for which the operator wrote this canonical one. The first
    /// in alphabetical order where there are several.
    pub fn vendor_code(&self, table: &str, canonical: impl Coded) -> Option<&str> {
        let (vendor_code, _) = self.0.get(table)?.iter().find(|(_, word)| *word == canonical.code())?;
        Some(vendor_code)
    }
}

/// A table from a vendor's codes to a canonical type, as a function that asks the operator's `status_names` first.
///
/// ```
/// use jackfield_sdk::{codes::StatusNames, prelude::*};
///
/// codes! {
///     /// Zendesk, `status` of a ticket.
///     fn status: TicketStatus {
///         "new" | "open" => Open,
///         "hold" => OnHold,
///         _ => Other,
///     }
/// }
///
/// let names: StatusNames = serde_json::from_str(r#"{"status": {"waiting_for_parts": "on_hold"}}"#).unwrap();
/// assert_eq!(status(&names, "new"), TicketStatus::Open);
/// assert_eq!(status(&names, "waiting_for_parts"), TicketStatus::OnHold);
/// ```
///
/// In a connector: `names::payment_status(call.status_names(), &order.financial_status)`.
#[macro_export]
macro_rules! codes {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis fn $table:ident: $canonical:ident {
            $($($code:literal)|+ => $variant:ident,)*
            _ => $otherwise:ident $(,)?
        }
    )+) => {$(
        $(#[$attribute])*
        $visibility fn $table(names: &$crate::codes::StatusNames, code: &str) -> $canonical {
            if let Some(canonical) = names.canonical::<$canonical>(stringify!($table), code) {
                return canonical;
            }
            match code {
                $($($code)|+ => $canonical::$variant,)*
                _ => $canonical::$otherwise,
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use jackfield_catalog::TicketStatus::{self, *};

    use super::*;

    codes! {
        fn status: TicketStatus {
            "new" | "open" => Open,
            "hold" => OnHold,
            _ => Other,
        }
    }

    fn names(json: &str) -> StatusNames {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_operators_word_comes_before_the_table() {
        let names = names(r#"{"status":{"open":"on_hold","parts":"on_hold"}}"#);
        assert_eq!(status(&names, "new"), Open);
        assert_eq!(status(&names, "open"), OnHold);
        assert_eq!(status(&names, "parts"), OnHold);
        assert_eq!(status(&names, "else"), Other);
        assert_eq!(names.vendor_code("status", OnHold), Some("open"));
        assert_eq!(names.vendor_code("status", Open), None);
    }

    #[test]
    fn a_word_that_is_not_canonical_is_not_heard() {
        assert_eq!(status(&names(r#"{"status":{"open":"OnHold"}}"#), "open"), Open);
    }
}
