//! Cuts SOQL into words, strings, numbers, dates and symbols, and opens the strings. Answers for escapes.

use super::{Malformed, Wild};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, or a name with its dots.
    Word,
    /// The inside of a string, escapes untouched: what they mean depends on the operator.
    Text,
    Number,
    Date,
    DateTime,
    Symbol,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
}

pub(super) fn tokens(query: &str) -> Result<Vec<Token>, Malformed> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let (kind, length, skip) = match first {
            _ if first.is_whitespace() => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            '\'' => {
                let inner = string_length(&rest[1..])?;
                tokens.push(Token { kind: Kind::Text, text: rest[1..=inner].to_owned() });
                rest = &rest[inner + 2..];
                continue;
            }
            'a'..='z' | 'A'..='Z' => {
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_.".contains(letter));
                (Kind::Word, end.unwrap_or(rest.len()), 0)
            }
            '0'..='9' | '-' | '+' => {
                let end = rest[1..].find(|letter: char| !letter.is_ascii_alphanumeric() && !":.+-".contains(letter));
                let length = end.map_or(rest.len(), |end| end + 1);
                (number(&rest[..length])?, length, 0)
            }
            _ => {
                let symbol = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","]
                    .into_iter()
                    .find(|symbol| rest.starts_with(symbol))
                    .ok_or_else(|| Malformed(format!("unexpected token: '{first}'")))?;
                (Kind::Symbol, symbol.len(), 0)
            }
        };
        tokens.push(Token { kind, text: rest[skip..length].to_owned() });
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The length of a string's inside, given what follows its opening quote.
fn string_length(rest: &str) -> Result<usize, Malformed> {
    let mut escaped = false;
    for (at, letter) in rest.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return Ok(at),
            '\n' | '\r' => break,
            _ => {}
        }
    }
    Err(Malformed("line 1, mismatched character, expecting '''".to_owned()))
}

fn number(text: &str) -> Result<Kind, Malformed> {
    if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        return Ok(Kind::Date);
    }
    if text.contains('T') && text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(Kind::DateTime);
    }
    let digits = text.trim_start_matches(['-', '+']);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain && digits.parse::<f64>().is_ok() {
        return Ok(Kind::Number);
    }
    Err(Malformed(format!("unexpected token: '{text}'")))
}

/// A character of a string with its escape opened.
enum Opened {
    /// As it stands.
    Plain(char),
    /// Behind a backslash: never a wildcard.
    Escaped(char),
}

fn open(raw: &str, like: bool) -> Result<Vec<Opened>, Malformed> {
    let mut opened = Vec::new();
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            opened.push(Opened::Plain(letter));
            continue;
        }
        let illegal = || Malformed("Invalid string literal: illegal character sequence after a backslash".to_owned());
        let meant = match letters.next() {
            Some('n' | 'N') => '\n',
            Some('r' | 'R') => '\r',
            Some('t' | 'T') => '\t',
            Some('b' | 'B') => '\u{8}',
            Some('f' | 'F') => '\u{c}',
            Some(letter @ ('"' | '\'' | '\\')) => letter,
            Some(letter @ ('_' | '%')) if like => letter,
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                let code = (digits.len() == 4).then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
                code.and_then(char::from_u32).ok_or_else(illegal)?
            }
            _ => return Err(illegal()),
        };
        opened.push(Opened::Escaped(meant));
    }
    Ok(opened)
}

/// What a string means beside every operator but LIKE.
pub(super) fn text(raw: &str) -> Result<String, Malformed> {
    let opened = open(raw, false)?;
    Ok(opened.into_iter().map(|(Opened::Plain(letter) | Opened::Escaped(letter))| letter).collect())
}

/// What a string means beside LIKE.
pub(super) fn pattern(raw: &str) -> Result<Vec<Wild>, Malformed> {
    let opened = open(raw, true)?;
    let pieces = opened.into_iter().map(|opened| match opened {
        Opened::Plain('%') => Wild::Many,
        Opened::Plain('_') => Wild::One,
        Opened::Plain(letter) | Opened::Escaped(letter) => Wild::Char(letter),
    });
    Ok(pieces.collect())
}
