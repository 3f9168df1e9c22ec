//! The Admin API's search syntax (Shopify Admin API, "search syntax"): parsing and evaluation. Which fields exist, and
//! what they hold, is the caller's.

/// How a term's value compares with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Matches,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// None: the default fields.
    pub(super) field: Option<String>,
    pub(super) comparison: Comparison,
    pub(super) value: String,
    pub(super) quoted: bool,
    /// An unquoted star at the end.
    pub(super) prefix: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Term(Term),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Term(Term),
}

impl Expression {
    /// Parses a query. The vendor tolerates much; what it has to tolerate is the second part of the answer.
    pub(super) fn parse(query: &str) -> (Self, Vec<String>) {
        let mut oddities = Vec::new();
        let tokens = Lexer { rest: query.chars().collect::<Vec<_>>(), at: 0, oddities: &mut oddities }.tokens();
        let mut parser = Parser { tokens, at: 0, oddities: &mut oddities };
        let mut parts = Vec::new();
        while parser.at < parser.tokens.len() {
            let before = parser.at;
            parts.push(parser.any());
            if parser.at == before || parser.peek() == Some(&Token::Close) {
                parser.at += 1;
                parser.oddities.push("a closing parenthesis without an opening one".to_owned());
            }
        }
        let expression = match parts.len() {
            1 => parts.remove(0),
            _ => Self::All(parts),
        };
        (expression, oddities)
    }

    /// Evaluates with a function that says whether one term matches.
    pub(super) fn matches(&self, term: &mut dyn FnMut(&Term) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(term)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(term)),
            Self::Not(inner) => !inner.matches(term),
            Self::Term(inner) => term(inner),
        }
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::terms).collect(),
            Self::Not(inner) => inner.terms(),
            Self::Term(term) => vec![term],
        }
    }
}

struct Lexer<'a> {
    rest: Vec<char>,
    at: usize,
    oddities: &'a mut Vec<String>,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += 1;
        next
    }

    fn tokens(mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() => self.at += 1,
                '(' => {
                    self.at += 1;
                    tokens.push(Token::Open);
                }
                ')' => {
                    self.at += 1;
                    tokens.push(Token::Close);
                }
                '-' => {
                    self.at += 1;
                    tokens.push(Token::Not);
                }
                '"' | '\'' => {
                    let (value, _) = self.value();
                    tokens.push(Token::Term(Term {
                        field: None,
                        comparison: Comparison::Matches,
                        value,
                        quoted: true,
                        prefix: false,
                    }));
                }
                _ => tokens.push(self.word()),
            }
        }
        tokens
    }

    /// A keyword, a free word, or a field with its value.
    fn word(&mut self) -> Token {
        let start = self.at;
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if c == ':' {
                self.at += 1;
                return self.field(name);
            }
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '.') {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        self.at = start;
        let (value, prefix) = self.value();
        match value.as_str() {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            _ => Token::Term(Term { field: None, comparison: Comparison::Matches, value, quoted: false, prefix }),
        }
    }

    fn field(&mut self, name: String) -> Token {
        let comparison = match (self.peek(), self.rest.get(self.at + 1)) {
            (Some('<'), Some('=')) => Comparison::LessOrEqual,
            (Some('>'), Some('=')) => Comparison::GreaterOrEqual,
            (Some('<'), _) => Comparison::Less,
            (Some('>'), _) => Comparison::Greater,
            _ => Comparison::Matches,
        };
        self.at += match comparison {
            Comparison::Matches => 0,
            Comparison::Less | Comparison::Greater => 1,
            Comparison::LessOrEqual | Comparison::GreaterOrEqual => 2,
        };
        let quoted = matches!(self.peek(), Some('"' | '\''));
        let (value, prefix) = self.value();
        Token::Term(Term { field: Some(name), comparison, value, quoted, prefix })
    }

    /// A quoted phrase, or everything up to a space or parenthesis. A backslash takes the next character as it is.
    fn value(&mut self) -> (String, bool) {
        let mut value = String::new();
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            self.at += 1;
            loop {
                match self.next() {
                    None => {
                        self.oddities.push("a quote that is not closed".to_owned());
                        break;
                    }
                    Some('\\') => value.extend(self.next()),
                    Some(c) if c == quote => break,
                    Some(c) => value.push(c),
                }
            }
            return (value, false);
        }
        let mut prefix = false;
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == '(' || c == ')' {
                break;
            }
            self.at += 1;
            prefix = false;
            match c {
                '\\' => value.extend(self.next()),
                '*' => prefix = true,
                c => value.push(c),
            }
        }
        (value, prefix)
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    oddities: &'a mut Vec<String>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn any(&mut self) -> Expression {
        let mut parts = vec![self.all()];
        while self.peek() == Some(&Token::Or) {
            self.at += 1;
            parts.push(self.all());
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => Expression::Any(parts),
        }
    }

    /// AND binds closer than OR and may be left out.
    fn all(&mut self) -> Expression {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => break,
                Some(Token::And) => self.at += 1,
                Some(_) => parts.push(self.one()),
            }
        }
        match parts.len() {
            1 => parts.remove(0),
            0 => {
                self.oddities.push("an operator without an operand".to_owned());
                Expression::All(parts)
            }
            _ => Expression::All(parts),
        }
    }

    fn one(&mut self) -> Expression {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Not) => match self.peek() {
                Some(Token::Term(_) | Token::Open | Token::Not) => Expression::Not(Box::new(self.one())),
                _ => {
                    self.oddities.push("a negation without an operand".to_owned());
                    Expression::All(Vec::new())
                }
            },
            Some(Token::Open) => {
                let inner = self.any();
                if self.peek() == Some(&Token::Close) {
                    self.at += 1;
                } else {
                    self.oddities.push("a parenthesis that is not closed".to_owned());
                }
                inner
            }
            Some(Token::Term(term)) => Expression::Term(term),
            _ => Expression::All(Vec::new()),
        }
    }
}

impl Term {
    /// For fields that are split into words: an unquoted value's words may stand anywhere, a quoted value's words in a
    /// row. So `customer@example.com` also finds longer addresses that contain it.
    pub(super) fn matches_words(&self, text: &str) -> bool {
        let held = words(text);
        let wanted = words(&self.value);
        if wanted.is_empty() {
            // `field:*` asks whether there is anything at all.
            return self.prefix && !held.is_empty();
        }
        let same = |index: usize, word: &String| {
            if self.prefix && index + 1 == wanted.len() {
                word.starts_with(&wanted[index])
            } else {
                *word == wanted[index]
            }
        };
        if self.quoted {
            held.windows(wanted.len()).any(|window| window.iter().enumerate().all(|(i, word)| same(i, word)))
        } else {
            (0..wanted.len()).all(|index| held.iter().any(|word| same(index, word)))
        }
    }

    /// For fields that are one keyword, such as a SKU; a comma means any of.
    pub(super) fn matches_keyword(&self, text: &str) -> bool {
        let held = text.to_lowercase();
        let value = self.value.to_lowercase();
        if self.prefix {
            return !held.is_empty() && held.starts_with(&value);
        }
        value.split(',').any(|wanted| wanted.trim() == held)
    }

    /// For fields with an order: numbers, and times as ISO 8601 text.
    pub(super) fn compares<T: PartialOrd>(&self, held: &T, wanted: &T) -> bool {
        match self.comparison {
            Comparison::Matches => held == wanted,
            Comparison::Less => held < wanted,
            Comparison::LessOrEqual => held <= wanted,
            Comparison::Greater => held > wanted,
            Comparison::GreaterOrEqual => held >= wanted,
        }
    }

    /// A time may be given in part (`2026-01`); equality then means "within".
    pub(super) fn matches_time(&self, held: &str) -> bool {
        let wanted = match self.value.as_str() {
            "now" => super::world::now(),
            other => other.to_owned(),
        };
        if held.is_empty() {
            return false;
        }
        if self.comparison == Comparison::Matches {
            return held.starts_with(wanted.trim_end_matches('Z'));
        }
        let parse = |text: &str| text.parse::<jiff::Timestamp>().ok();
        match (parse(held), parse(&wanted)) {
            (Some(held), Some(wanted)) => self.compares(&held, &wanted),
            _ => self.compares(&held, &wanted.as_str()),
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Expression {
        let (expression, oddities) = Expression::parse(query);
        assert!(oddities.is_empty(), "{query}: {oddities:?}");
        expression
    }

    /// The terms of a flat query as `field comparison value`.
    fn terms(query: &str) -> Vec<(Option<String>, String, bool, bool)> {
        parse(query)
            .terms()
            .into_iter()
            .map(|term| (term.field.clone(), term.value.clone(), term.quoted, term.prefix))
            .collect()
    }

    #[test]
    fn and_binds_closer_than_or_so_that_an_injected_or_opens_the_query() {
        let expression = parse("name:1001 OR status:open AND email:\"x\"");
        let Expression::Any(parts) = &expression else { panic!("{expression:?}") };
        assert_eq!(parts.len(), 2);
        assert!(matches!(&parts[1], Expression::All(inner) if inner.len() == 2));
    }

    #[test]
    fn quotes_and_backslashes_keep_operators_inside_a_value() {
        assert_eq!(
            terms(r#"name:"1001 OR \"status:open\"""#),
            [(Some("name".to_owned()), r#"1001 OR "status:open""#.to_owned(), true, false)]
        );
        assert_eq!(terms(r"title:a\:b\ c"), [(Some("title".to_owned()), "a:b c".to_owned(), false, false)]);
    }

    #[test]
    fn negation_groups_and_comparisons_are_understood() {
        let expression = parse("-status:closed (tag:a OR tag:b) created_at:>='2026-01-20'");
        let Expression::All(parts) = expression else { panic!() };
        assert!(matches!(parts[0], Expression::Not(_)));
        assert!(matches!(parts[1], Expression::Any(_)));
        assert!(matches!(&parts[2], Expression::Term(term) if term.comparison == Comparison::GreaterOrEqual
                && term.value == "2026-01-20" && term.quoted));
    }

    #[test]
    fn unclosed_quotes_and_dangling_operators_are_noted() {
        for query in ["name:\"1001", "a OR", "(a", "a)", "-"] {
            let (_, oddities) = Expression::parse(query);
            assert_eq!(oddities.len(), 1, "{query}: {oddities:?}");
        }
    }

    #[test]
    fn an_address_is_words_and_a_longer_one_contains_it() {
        let term = |query: &str| parse(query).terms()[0].clone();
        let unquoted = term("email:customer@example.com");
        assert!(unquoted.matches_words("example.com@customer.net"[..].trim()));
        let quoted = term("email:\"customer@example.com\"");
        assert!(quoted.matches_words("janet.customer@example.com"));
        assert!(!quoted.matches_words("example.com@customer.net"));
        assert!(term("title:shir*").matches_words("Blue T-Shirt"));
        assert!(!term("title:shir").matches_words("Blue T-Shirt"));
    }
}
