//! The forms in which a value may come back: what encoders of the web, of JSON and of XML make of it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Shorter cores of base64 would match by chance: 8 characters are 48 bits.
const CORE_CHARS_MIN: usize = 8;

/// All but RFC 3986 `unreserved`: what most libraries do.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &STRICT.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
/// JavaScript's `encodeURI`.
const WHOLE_URI: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');
/// The query of a WHATWG URL.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');

/// Every form of a value, without repetition.
pub(super) fn of(value: &str) -> BTreeSet<Vec<u8>> {
    let bytes = value.as_bytes();
    let mut forms = BTreeSet::from([bytes.to_vec()]);
    let mut add = |form: String| {
        forms.insert(form.into_bytes());
    };

    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        add(engine.encode(bytes));
    }
    // Inside a longer text the value begins at one of three places of a base64 group. The characters that depend on
    // the value alone are the same whatever stands around it.
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        let whole = shifted.len() * 8 / 6;
        if whole.saturating_sub(skipped) >= CORE_CHARS_MIN {
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                add(engine.encode(&shifted)[skipped..whole].to_owned());
            }
        }
    }

    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    add(hex.to_uppercase());
    add(hex);

    for set in [STRICT, COMPONENT, WHOLE_URI, QUERY] {
        let encoded = utf8_percent_encode(value, set).to_string();
        add(lower_escapes(&encoded));
        // Encoded once more, as in a URL that is a parameter of another URL.
        add(utf8_percent_encode(&encoded, STRICT).to_string());
        add(encoded);
    }
    let form: String = url::form_urlencoded::byte_serialize(bytes).collect();
    add(lower_escapes(&form));
    add(form);

    let json = json_escaped(value);
    let for_html = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    add(json_escaped(&json));
    add(for_html.replace("\\\"", "\\u0022").replace('\'', "\\u0027"));
    for plain in [json, for_html] {
        let ascii = ascii_json_escaped(&plain);
        for form in [&plain, &ascii] {
            add(form.replace('/', "\\/"));
            add(upper_units(form));
            add(form.clone());
        }
    }

    let xml = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    add(xml.replace('"', "&quot;").replace('\'', "&#39;"));
    add(xml.replace('"', "&quot;").replace('\'', "&apos;"));
    add(xml.replace('"', "&#34;").replace('\'', "&#39;"));
    add(xml.replace('"', "&quot;").replace('\'', "&#x27;"));
    add(xml);
    forms
}

/// `%2F` as `%2f`.
fn lower_escapes(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut escaped = 0;
    for c in encoded.chars() {
        out.push(if escaped > 0 { c.to_ascii_lowercase() } else { c });
        escaped = if c == '%' { 2_u8 } else { escaped.saturating_sub(1) };
    }
    out
}

/// As it stands between the quotes of a JSON string.
fn json_escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// As by encoders that keep JSON within ASCII.
fn ascii_json_escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// `\u00f6` as `\u00F6`.
fn upper_units(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once("\\u") {
        let digits = after.get(..4).unwrap_or_default();
        out.extend([before, "\\u", &digits.to_uppercase()]);
        rest = &after[digits.len()..];
    }
    out.push_str(rest);
    out
}
