//! Reads resource paths: a set, a key predicate, navigation, `$count`. Answers for the grammar; `read` follows the
//! path.

use super::value::Literal;
use super::{Refusal, wrong};

/// One segment: a name, and the key when there is one. A key of one column may leave the column's name out.
#[derive(Debug, PartialEq)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) key: Option<Vec<(Option<String>, Literal)>>,
}

/// Takes a decoded path apart. A slash within quotes does not end a segment.
pub(super) fn segments(path: &str) -> Result<Vec<Segment>, Refusal> {
    split(path, '/').into_iter().map(|text| segment(&text)).collect()
}

/// Cuts at a separator outside quotes; a doubled quote closes and opens, which changes nothing.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        if letter == '\'' {
            quoted = !quoted;
        }
        match parts.last_mut() {
            Some(part) if letter != separator || quoted => part.push(letter),
            _ => parts.push(String::new()),
        }
    }
    parts
}

fn segment(text: &str) -> Result<Segment, Refusal> {
    let Some((name, rest)) = text.split_once('(') else {
        return Ok(Segment { name: text.to_owned(), key: None });
    };
    let malformed = || wrong(format!("Malformed URI literal syntax in '{text}'"));
    let inner = rest.strip_suffix(')').ok_or_else(malformed)?;
    let key = split(inner, ',').into_iter().map(|part| {
        let equals = part.find('=').filter(|at| part.find('\'').is_none_or(|quote| *at < quote));
        let (column, literal) = match equals {
            Some(at) => (Some(part[..at].to_owned()), &part[at + 1..]),
            None => (None, part.as_str()),
        };
        Ok((column, literal_of(literal).ok_or_else(malformed)?))
    });
    Ok(Segment { name: name.to_owned(), key: Some(key.collect::<Result<_, Refusal>>()?) })
}

/// Reads one whole literal.
fn literal_of(text: &str) -> Option<Literal> {
    let Some((prefix, rest)) = text.split_once('\'') else {
        return Literal::read(text, None);
    };
    let inner = rest.strip_suffix('\'')?;
    // Every quote inside is doubled, or the literal ended earlier.
    let opened = inner.replace("''", "\u{0}");
    (!opened.contains('\'')).then(|| opened.replace('\u{0}', "'")).and_then(|inner| Literal::read(prefix, Some(&inner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_and_without_names() {
        let text = |value: &str| Literal::Text(value.to_owned());
        let found = segments("A_SalesOrder('O''Neil/1')/to_Item").unwrap();
        assert_eq!(found[0].key, Some(vec![(None, text("O'Neil/1"))]));
        assert_eq!(found[1], Segment { name: "to_Item".to_owned(), key: None });
        let found = segments("A_SalesOrderItem(SalesOrder='1',SalesOrderItem='a=b,c')").unwrap();
        let key = found[0].key.as_ref().unwrap();
        assert_eq!(key[1], (Some("SalesOrderItem".to_owned()), text("a=b,c")));
    }

    #[test]
    fn a_quote_that_is_not_doubled_is_refused() {
        assert!(segments("A_SalesOrder('O'Neil')").is_err());
        assert!(segments("A_SalesOrder('1'").is_err());
        assert!(segments("A_SalesOrder(x)").is_err());
    }
}
