//! Randomness: for names that nobody may guess, and for jitter.

/// Bytes that nobody can guess.
///
/// # Errors
/// When the operating system has none to give; nothing may go on without.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

/// A name that never comes twice, in hexadecimal.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn name() -> Result<String, String> {
    Ok(bytes::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Any number as likely as any other, for jitter: without randomness there is none.
pub(crate) fn number() -> u64 {
    u64::from_ne_bytes(bytes().unwrap_or_default())
}

/// From 0 to 1, for jitter: without randomness there is none.
pub(crate) fn fraction() -> f64 {
    let [byte] = bytes::<1>().unwrap_or_default();
    f64::from(byte) / 255.0
}
