//! Structured log lines: a sentence, and named values beside it. The host adds call, connector and connection, scrubs
//! secrets, and bounds rate and size.
//!
//! ```
//! use jackfield_sdk::prelude::*;
//!
//! let (page, total) = (2, 37);
//! info!("fetched a page"; page, total, source = "orders");
//! warn!("the system answered slowly");
//! ```

use crate::host::{self, Host as _};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For following one call step by step.
    Trace,
    /// For finding a fault.
    Debug,
    /// What an operator likes to know.
    Info,
    /// What an operator should look at.
    Warn,
    /// What an operator must look at.
    Error,
}

/// Writes one line. The macros [`info!`](crate::info) and its siblings are the usual way.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    host::current().log(level, message, fields);
}

/// Writes a line at a level: a message with arguments as in `format!`, then `;` and named values.
#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $message:literal $(, $argument:expr)* $(; $($fields:tt)*)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($message $(, $argument)*),
            &$crate::__log_fields!([] $($($fields)*)?),
        )
    };
}

/// Collects `key = value` and plain `key`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_fields {
    ([$($done:expr),*]) => { [$($done),*] };
    ([$($done:expr),*] $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__log_fields!(
            [$($done,)* (::std::string::String::from(stringify!($key)), ::std::string::ToString::to_string(&$value))]
            $($($rest)*)?
        )
    };
    ([$($done:expr),*] $key:ident $(, $($rest:tt)*)?) => {
        $crate::__log_fields!([$($done),*] $key = $key $(, $($rest)*)?)
    };
}

/// Writes a log line for following one call step by step: a message as in `format!`, then `;` and values by name. See [`log`](mod@crate::log).
#[macro_export]
macro_rules! trace {
    ($($arguments:tt)*) => { $crate::__log!(Trace, $($arguments)*) };
}

/// Writes a log line for finding a fault: a message as in `format!`, then `;` and values by name. See [`log`](mod@crate::log).
#[macro_export]
macro_rules! debug {
    ($($arguments:tt)*) => { $crate::__log!(Debug, $($arguments)*) };
}

/// Writes a log line that an operator likes to know: a message as in `format!`, then `;` and values by name. See [`log`](mod@crate::log).
#[macro_export]
macro_rules! info {
    ($($arguments:tt)*) => { $crate::__log!(Info, $($arguments)*) };
}

/// Writes a log line that an operator should look at: a message as in `format!`, then `;` and values by name. See [`log`](mod@crate::log).
#[macro_export]
macro_rules! warn {
    ($($arguments:tt)*) => { $crate::__log!(Warn, $($arguments)*) };
}

/// Writes a log line that an operator must look at: a message as in `format!`, then `;` and values by name. See [`log`](mod@crate::log).
#[macro_export]
macro_rules! error {
    ($($arguments:tt)*) => { $crate::__log!(Error, $($arguments)*) };
}
