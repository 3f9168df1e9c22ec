//! Reads and evaluates `$filter`: comparisons, `and`, `or`, `not`, and the string functions both products document.
//! Arithmetic, date functions and navigation inside filters are refused like a mistake.

use std::cmp::Ordering;

use super::schema::{Edm, Entity};
use super::value::Literal;
use super::{Refusal, Row, wrong};

#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare { left: Operand, operator: Operator, right: Operand },
    Function { name: Function, text: Operand, part: Operand },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug)]
pub(super) enum Operand {
    Property { name: String, kind: Edm },
    Lower(Box<Operand>),
    Upper(Box<Operand>),
    Literal(Literal),
}

/// Conditions within conditions, at most.
const DEPTH_MAX: usize = 32;

/// Reads a filter for rows of that type.
pub(super) fn read(entity: &Entity, text: &str) -> Result<Filter, Refusal> {
    let tokens = tokens(text)?;
    let mut parser = Parser { entity, tokens: &tokens, at: 0 };
    let filter = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(filter),
        Some(token) => Err(wrong(format!("Invalid token detected at position {}", token.at))),
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Word(String),
    Literal(Literal),
    Open,
    Close,
    Comma,
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    at: usize,
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let start = at;
        let invalid = || wrong(format!("Invalid token detected at position {start}"));
        let kind = match first {
            ' ' => {
                at += 1;
                continue;
            }
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            _ => {
                let end = text[at..].find([' ', '(', ')', ',', '\'']).map_or(text.len(), |end| at + end);
                let word = &text[at..end];
                if text[end..].starts_with('\'') {
                    let (inner, length) = quoted(&text[end..]).ok_or_else(invalid)?;
                    at = end + length;
                    let literal = Literal::read(word, Some(&inner)).ok_or_else(invalid)?;
                    tokens.push(Token { kind: Kind::Literal(literal), at: start });
                    continue;
                }
                at = end;
                let kind = Literal::read(word, None).map_or_else(|| Kind::Word(word.to_owned()), Kind::Literal);
                tokens.push(Token { kind, at: start });
                continue;
            }
        };
        at += 1;
        tokens.push(Token { kind, at: start });
    }
    Ok(tokens)
}

/// The inside of a quoted text with its doubled quotes opened, and the length of the whole.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '\'' {
            inner.push(letter);
        } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
            inner.push('\'');
        } else {
            return Some((inner, at + 1));
        }
    }
    None
}

struct Parser<'a> {
    entity: &'a Entity,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<&'a Token, Refusal> {
        let token = self.tokens.get(self.at).ok_or_else(|| wrong("The filter ends too early"))?;
        self.at += 1;
        Ok(token)
    }

    fn word(&mut self, word: &str) -> bool {
        let found =
            self.tokens.get(self.at).is_some_and(|token| matches!(&token.kind, Kind::Word(known) if known == word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &Kind) -> Result<(), Refusal> {
        let token = self.next()?;
        if token.kind == *kind {
            return Ok(());
        }
        Err(wrong(format!("Invalid token detected at position {}", token.at)))
    }

    fn any(&mut self, depth: usize) -> Result<Filter, Refusal> {
        if depth > DEPTH_MAX {
            return Err(wrong("The filter is nested too deeply"));
        }
        let mut parts = vec![self.all(depth)?];
        while self.word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, Refusal> {
        let mut parts = vec![self.condition(depth)?];
        while self.word("and") {
            parts.push(self.condition(depth)?);
        }
        Ok(Filter::All(parts))
    }

    fn condition(&mut self, depth: usize) -> Result<Filter, Refusal> {
        if self.word("not") {
            return Ok(Filter::Not(Box::new(self.condition(depth + 1)?)));
        }
        if self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Open) {
            self.at += 1;
            let inner = self.any(depth + 1)?;
            self.expect(&Kind::Close)?;
            return Ok(inner);
        }
        for (word, name) in [
            ("substringof", Function::Contains),
            ("startswith", Function::StartsWith),
            ("endswith", Function::EndsWith),
        ] {
            if self.word(word) {
                self.expect(&Kind::Open)?;
                let first = self.operand(depth)?;
                self.expect(&Kind::Comma)?;
                let second = self.operand(depth)?;
                self.expect(&Kind::Close)?;
                // Only this one of the three has the part in front.
                let (text, part) = if name == Function::Contains { (second, first) } else { (first, second) };
                if !text.is_text() || !part.is_text() {
                    return Err(wrong(format!("Function {word} needs text on both sides")));
                }
                // Both `f(..)` and `f(..) eq true` are documented.
                let negated = match (self.word("eq"), self.tokens.get(self.at).map(|token| &token.kind)) {
                    (true, Some(Kind::Literal(Literal::Boolean(truth)))) => {
                        self.at += 1;
                        !truth
                    }
                    (true, _) => return Err(wrong(format!("Function {word} is compared with true or false only"))),
                    (false, _) => false,
                };
                let filter = Filter::Function { name, text, part };
                return Ok(if negated { Filter::Not(Box::new(filter)) } else { filter });
            }
        }
        let left = self.operand(depth)?;
        let token = self.next()?;
        let operator = match &token.kind {
            Kind::Word(word) => match word.as_str() {
                "eq" => Some(Operator::Equal),
                "ne" => Some(Operator::Unequal),
                "gt" => Some(Operator::Greater),
                "ge" => Some(Operator::GreaterOrEqual),
                "lt" => Some(Operator::Less),
                "le" => Some(Operator::LessOrEqual),
                _ => None,
            },
            _ => None,
        };
        let operator = operator.ok_or_else(|| wrong(format!("Invalid token detected at position {}", token.at)))?;
        let right = self.operand(depth)?;
        let fits = match (left.kind(), &right) {
            (Some(kind), Operand::Literal(literal)) => literal.fits(kind),
            _ => false,
        };
        if !fits {
            return Err(wrong(format!("Operator at position {} has incompatible operand types", token.at)));
        }
        Ok(Filter::Compare { left, operator, right })
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, Refusal> {
        if depth > DEPTH_MAX {
            return Err(wrong("The filter is nested too deeply"));
        }
        let token = self.next()?;
        let name = match &token.kind {
            Kind::Literal(literal) => return Ok(Operand::Literal(literal.clone())),
            Kind::Word(word) => word,
            _ => return Err(wrong(format!("Invalid token detected at position {}", token.at))),
        };
        if matches!(name.as_str(), "tolower" | "toupper") {
            self.expect(&Kind::Open)?;
            let inner = self.operand(depth + 1)?;
            self.expect(&Kind::Close)?;
            if !inner.is_text() {
                return Err(wrong(format!("Function {name} needs text")));
            }
            let inner = Box::new(inner);
            return Ok(if name == "tolower" { Operand::Lower(inner) } else { Operand::Upper(inner) });
        }
        match self.entity.property(name) {
            None => Err(wrong(format!("Property {name} not found in type {}", self.entity.type_name))),
            Some(property) if !property.filterable => Err(wrong(format!("Property {name} is not filterable"))),
            Some(property) => Ok(Operand::Property { name: name.clone(), kind: property.kind }),
        }
    }
}

impl Operand {
    /// The type, when a property decides it.
    fn kind(&self) -> Option<Edm> {
        match self {
            Self::Property { kind, .. } => Some(*kind),
            Self::Lower(_) | Self::Upper(_) => Some(Edm::String),
            Self::Literal(_) => None,
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Literal(Literal::Text(_))) || self.kind() == Some(Edm::String)
    }

    fn value(&self, row: &Row) -> Literal {
        let text = |inner: &Self, change: fn(&str) -> String| match inner.value(row) {
            Literal::Text(text) => Literal::Text(change(&text)),
            other => other,
        };
        match self {
            Self::Property { name, kind } => row.get(name).map_or(Literal::Null, |value| Literal::stored(value, *kind)),
            Self::Lower(inner) => text(inner, str::to_lowercase),
            Self::Upper(inner) => text(inner, str::to_uppercase),
            Self::Literal(literal) => literal.clone(),
        }
    }
}

impl Filter {
    pub(super) fn matches(&self, row: &Row) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(row)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(row)),
            Self::Not(part) => !part.matches(row),
            Self::Compare { left, operator, right } => {
                let ordering = left.value(row).compare(&right.value(row));
                match operator {
                    Operator::Equal => ordering == Some(Ordering::Equal),
                    Operator::Unequal => ordering != Some(Ordering::Equal),
                    Operator::Greater => ordering == Some(Ordering::Greater),
                    Operator::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
                    Operator::Less => ordering == Some(Ordering::Less),
                    Operator::LessOrEqual => ordering.is_some_and(Ordering::is_le),
                }
            }
            Self::Function { name, text, part } => match (text.value(row), part.value(row)) {
                (Literal::Text(text), Literal::Text(part)) => match name {
                    Function::Contains => text.contains(&part),
                    Function::StartsWith => text.starts_with(&part),
                    Function::EndsWith => text.ends_with(&part),
                },
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
