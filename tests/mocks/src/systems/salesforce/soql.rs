//! Reads SOQL: one object, fields of it and of its parents, conditions, order and limit. Answers for the grammar only;
//! `query` knows the fields. What the simulation leaves out (functions, subqueries, grouping) is refused like a
//! mistake. Source: SOQL and SOSL Reference, "SOQL SELECT Syntax", "Quoted String Escape Sequences", "Reserved
//! Characters", "Date Formats and Date Literals in WHERE", "LIKE".

mod lexer;

use lexer::{Kind, Token};

/// A field's name, with the relationships that lead to it.
pub(super) type Path = Vec<String>;

#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) fields: Vec<Path>,
    pub(super) object: String,
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<usize>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare { path: Path, operator: Operator, value: Literal },
    Like { path: Path, pattern: Vec<Wild> },
    In { path: Path, negated: bool, values: Vec<Literal> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Text(String),
    Boolean(bool),
    Number(f64),
    Date(String),
    DateTime(jiff::Timestamp),
}

/// A piece of a LIKE pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wild {
    Char(char),
    /// `_`
    One,
    /// `%`
    Many,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) path: Path,
    pub(super) descending: bool,
    /// Null is smallest unless the query says otherwise: first when ascending, and first by default in general.
    pub(super) nulls_last: bool,
}

/// Why a query is no query: the message of `MALFORMED_QUERY`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

/// Conditions within conditions, at most.
const DEPTH_MAX: usize = 32;

pub(super) fn parse(text: &str) -> Result<Query, Malformed> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let query = parser.query()?;
    match parser.tokens.get(parser.at) {
        None => Ok(query),
        Some(token) => Err(unexpected(token)),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

fn unexpected(token: &Token) -> Malformed {
    Malformed(format!("unexpected token: '{}'", token.text))
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<&'a Token, Malformed> {
        let token = self.tokens.get(self.at).ok_or_else(|| Malformed("unexpected end of query".to_owned()))?;
        self.at += 1;
        Ok(token)
    }

    fn is_word(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word))
    }

    /// Takes the keyword when it is next.
    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.kind == Kind::Symbol && token.text == symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), Malformed> {
        if self.word(word) { Ok(()) } else { Err(self.refuse()) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Malformed> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.refuse()) }
    }

    fn refuse(&mut self) -> Malformed {
        self.next().map_or_else(|end| end, unexpected)
    }

    fn query(&mut self) -> Result<Query, Malformed> {
        self.expect("SELECT")?;
        let mut fields = vec![self.path()?];
        while self.symbol(",") {
            fields.push(self.path()?);
        }
        self.expect("FROM")?;
        let token = self.next()?;
        let object = match token.kind {
            Kind::Word if !token.text.contains('.') => token.text.clone(),
            _ => return Err(unexpected(token)),
        };
        let filter = if self.word("WHERE") { Some(self.filter(0)?) } else { None };
        let mut order = Vec::new();
        if self.word("ORDER") {
            self.expect("BY")?;
            order.push(self.order()?);
            while self.symbol(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.word("LIMIT") { Some(self.count()?) } else { None };
        Ok(Query { fields, object, filter, order, limit })
    }

    fn path(&mut self) -> Result<Path, Malformed> {
        let token = self.next()?;
        let parts: Path = token.text.split('.').map(str::to_owned).collect();
        let keyword = ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "LIMIT"]
            .iter()
            .any(|keyword| token.text.eq_ignore_ascii_case(keyword));
        if token.kind != Kind::Word || keyword || parts.iter().any(String::is_empty) {
            return Err(unexpected(token));
        }
        Ok(parts)
    }

    /// Conditions joined by AND, or by OR. The two do not mix without parentheses.
    fn filter(&mut self, depth: usize) -> Result<Filter, Malformed> {
        let first = self.condition(depth)?;
        let joined = ["AND", "OR"].into_iter().find(|word| self.is_word(word));
        let Some(word) = joined else {
            return Ok(first);
        };
        let mut parts = vec![first];
        while self.word(word) {
            parts.push(self.condition(depth)?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(self.refuse());
        }
        Ok(if word == "AND" { Filter::All(parts) } else { Filter::Any(parts) })
    }

    fn condition(&mut self, depth: usize) -> Result<Filter, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed("the query is nested too deeply".to_owned()));
        }
        if self.word("NOT") {
            return Ok(Filter::Not(Box::new(self.condition(depth + 1)?)));
        }
        if self.symbol("(") {
            let inner = self.filter(depth + 1)?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        let path = self.path()?;
        if self.word("LIKE") {
            let token = self.next()?;
            if token.kind != Kind::Text {
                return Err(unexpected(token));
            }
            return Ok(Filter::Like { path, pattern: lexer::pattern(&token.text)? });
        }
        let negated = self.word("NOT");
        if self.word("IN") {
            self.expect_symbol("(")?;
            let mut values = vec![self.literal()?];
            while self.symbol(",") {
                values.push(self.literal()?);
            }
            self.expect_symbol(")")?;
            return Ok(Filter::In { path, negated, values });
        }
        let token = self.next()?;
        let operator = match (token.kind, token.text.as_str()) {
            _ if negated => return Err(unexpected(token)),
            (Kind::Symbol, "=") => Operator::Equal,
            (Kind::Symbol, "!=" | "<>") => Operator::Unequal,
            (Kind::Symbol, "<") => Operator::Less,
            (Kind::Symbol, "<=") => Operator::LessOrEqual,
            (Kind::Symbol, ">") => Operator::Greater,
            (Kind::Symbol, ">=") => Operator::GreaterOrEqual,
            _ => return Err(unexpected(token)),
        };
        Ok(Filter::Compare { path, operator, value: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, Malformed> {
        let token = self.next()?;
        match token.kind {
            Kind::Text => lexer::text(&token.text).map(Literal::Text),
            Kind::Number => token.text.parse().map(Literal::Number).map_err(|_| unexpected(token)),
            Kind::Date => Ok(Literal::Date(token.text.clone())),
            Kind::DateTime => token.text.parse().map(Literal::DateTime).map_err(|_| unexpected(token)),
            Kind::Word if token.text.eq_ignore_ascii_case("null") => Ok(Literal::Null),
            Kind::Word if token.text.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(true)),
            Kind::Word if token.text.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(false)),
            Kind::Word | Kind::Symbol => Err(unexpected(token)),
        }
    }

    fn order(&mut self) -> Result<Order, Malformed> {
        let path = self.path()?;
        let descending = !self.word("ASC") && self.word("DESC");
        let mut nulls_last = false;
        if self.word("NULLS") {
            nulls_last = self.word("LAST");
            if !nulls_last {
                self.expect("FIRST")?;
            }
        }
        Ok(Order { path, descending, nulls_last })
    }

    fn count(&mut self) -> Result<usize, Malformed> {
        let token = self.next()?;
        match token.kind {
            Kind::Number => token.text.parse().map_err(|_| unexpected(token)),
            _ => Err(unexpected(token)),
        }
    }
}

/// Whether a text is like a pattern, without regard to case.
pub(super) fn is_like(pattern: &[Wild], text: &str) -> bool {
    let lower: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    // One row per piece of the pattern: whether it can end after each length of the text.
    let mut ends = vec![false; lower.len() + 1];
    ends[0] = true;
    for piece in pattern {
        let mut next = vec![false; lower.len() + 1];
        for (length, reached) in ends.iter().enumerate() {
            if !reached {
                continue;
            }
            match piece {
                Wild::Many => next[length..].fill(true),
                Wild::One if length < lower.len() => next[length + 1] = true,
                Wild::Char(wanted) if lower.get(length).is_some_and(|found| wanted.to_lowercase().eq([*found])) => {
                    next[length + 1] = true;
                }
                Wild::One | Wild::Char(_) => {}
            }
        }
        ends = next;
    }
    ends.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
