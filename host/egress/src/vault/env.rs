//! Secrets in environment variables. They cannot change while the host runs, so they are read once.

use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use super::{SecretValue, Why};

pub(super) fn read(variable: &str) -> Result<SecretValue, Why> {
    let value = std::env::var_os(variable).ok_or(Why::Unset)?;
    Ok(SecretValue::new(Zeroizing::new(value.into_vec()))?)
}
