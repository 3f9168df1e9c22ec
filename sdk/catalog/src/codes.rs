//! Closed lists of canonical words: one definition makes the enum, its JSON form, its schema and its English text.
//! Which vendor word becomes which canonical one is the connector's affair (`names.rs` there).

/// A canonical list of words, as the `codes!` macro makes it.
///
/// ```
/// use jackfield_catalog::{Coded, TicketStatus};
/// assert_eq!(TicketStatus::OnHold.code(), "on_hold");
/// assert_eq!(TicketStatus::from_code("solved"), TicketStatus::Solved);
/// assert_eq!(TicketStatus::from_code("no such word"), TicketStatus::Other);
/// ```
pub trait Coded: Copy + Sized + 'static {
    /// Every value, in order of declaration.
    const ALL: &'static [Self];

    /// The word in JSON, such as `on_hold`.
    fn code(self) -> &'static str;

    /// What a person reads in an English sentence, such as `on hold`.
    fn text(self) -> &'static str;

    /// The value of a word; the list's own "something else" for a word that is not in it.
    fn from_code(code: &str) -> Self;
}

/// Makes an enum of canonical words. The row after `else` is what any unknown word becomes.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$row:meta])* $variant:ident = $code:literal, $text:literal; )+
        } else {
            $(#[$other_row:meta])* $other:ident = $other_code:literal, $other_text:literal;
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$row])* #[serde(rename = $code)] $variant, )+
            $(#[$other_row])* #[serde(rename = $other_code, other)] $other,
        }

        impl $crate::Coded for $name {
            const ALL: &'static [Self] = &[$( Self::$variant, )+ Self::$other];

            fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ Self::$other => $other_code }
            }

            fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ Self::$other => $other_text }
            }

            fn from_code(code: &str) -> Self {
                match code { $( $code => Self::$variant, )+ _ => Self::$other }
            }
        }

        impl Default for $name {
            /// The list's "something else": nothing is claimed that was not said.
            fn default() -> Self {
                Self::$other
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::Coded::code(*self))
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
                $crate::shape::code_list::<$name>(generator)
            }
        }
    };
}
