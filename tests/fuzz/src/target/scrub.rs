//! Scrubbing: a value in use is in no text that leaves, whatever encoder it went through and whatever stands around it. Where
//! it is encoded together with what stands around it, no stretch of eight of its letters is left.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jackfield_egress::{REDACTED, SecretEntry, SecretSource, Vault};
use tempfile::TempDir;

/// Values that are found in every encoding.
const VALUE_BYTES: std::ops::RangeInclusive<usize> = 12..=200;

/// Letters that look like nothing else, so that what is left can be told from what stood around.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=&%\"'<>\\ -._~:@!";

fn value(u: &mut Unstructured<'_>) -> Result<String> {
    let length = u.int_in_range(VALUE_BYTES)?;
    (0..length).map(|_| u.choose(LETTERS).map(|letter| char::from(*letter))).collect()
}

/// Text around a value, in lines of its own that no value can hold.
fn around(u: &mut Unstructured<'_>) -> Result<String> {
    Ok((0..u.int_in_range(0..=6)?).map(|_| '\u{1}').collect())
}

fn percent(text: &str, keeps: impl Fn(u8) -> bool, upper: bool) -> String {
    let byte = |b: u8| match (keeps(b), upper) {
        (true, _) => char::from(b).to_string(),
        (false, true) => format!("%{b:02X}"),
        (false, false) => format!("%{b:02x}"),
    };
    text.bytes().map(byte).collect()
}

/// One of the forms in which a value may come back, made without any of the scrubber's code.
fn encoded(u: &mut Unstructured<'_>, value: &str) -> Result<String> {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let component = move |b: u8| unreserved(b) || b"!'()*".contains(&b);
    let json = serde_json::Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    let xml = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(match u.int_in_range(0..=14)? {
        0 => value.to_owned(),
        1 => STANDARD.encode(value),
        2 => STANDARD_NO_PAD.encode(value),
        3 => URL_SAFE.encode(value),
        4 => URL_SAFE_NO_PAD.encode(value),
        5 => value.bytes().map(|b| format!("{b:02x}")).collect(),
        6 => value.bytes().map(|b| format!("{b:02X}")).collect(),
        7 => percent(value, unreserved, true),
        8 => percent(value, unreserved, false),
        9 => percent(value, component, true),
        10 => percent(value, |b| b == b' ' || unreserved(b) && b != b'~', true).replace(' ', "+"),
        11 => json.to_owned(),
        12 => json.replace('/', "\\/"),
        13 => xml.replace('"', "&quot;").replace('\'', "&#39;"),
        _ => xml,
    })
}

/// A vault that has one value in use, which it read from a file.
fn vault(value: &str) -> Option<Vault> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary directory"));
    let file = tempfile::Builder::new()
        .make_in(folder, |path| fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
    let mut file = file.expect("a temporary file");
    file.write_all(value.as_bytes()).expect("room for a value");
    let source = SecretSource::File(file.path().to_owned());
    let vault = Vault::new([SecretEntry { connection: "shop".to_owned(), name: "token".to_owned(), source }]);
    vault.check("shop", "token").is_ok().then_some(vault)
}

/// See the file.
pub fn run(data: &[u8]) {
    let _ = check(&mut Unstructured::new(data));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    const LEFT_CHARS_MAX: usize = 8;
    let value = value(u)?;
    let Some(vault) = vault(&value) else { return Ok(()) };
    let (before, after) = (around(u)?, around(u)?);
    let form = encoded(u, &value)?;
    let text = format!("{before}{form}{after}");
    let scrubbed = vault.scrub(&text);
    assert_eq!(scrubbed, format!("{before}{REDACTED}{after}"), "of {value:?} as {form:?}");

    // Encoded together with what stands around it, as in a header of basic authentication.
    for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
        let whole = engine.encode(text_around(&before, &value, &after));
        let scrubbed = vault.scrub(&whole).into_owned();
        let plain = engine.encode(&value);
        for stretch in plain.as_bytes().windows(LEFT_CHARS_MAX) {
            let stretch = String::from_utf8_lossy(stretch);
            assert!(before.len() % 3 != 0 || !scrubbed.contains(&*stretch), "{stretch} of {value:?}: {scrubbed}");
        }
        assert!(scrubbed.contains(REDACTED), "{value:?} in {whole}: {scrubbed}");
    }
    assert!(vault.scrub("all is well").as_ref() == "all is well");
    Ok(())
}

fn text_around(before: &str, value: &str, after: &str) -> String {
    format!("{before}{value}{after}")
}
