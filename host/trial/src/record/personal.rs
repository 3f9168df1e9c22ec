//! Personal data in a recording, and what stands in its place. The same value has the same stand-in wherever it comes
//! up, so that what the masked connector asks for is what the masked fixture expects.
//!
//! Found are: what the intent's schemas mark (`x-mask`, `x-normalize`), members whose names say so, the person in the
//! chat, and e-mail addresses and international phone numbers in any text. What a free text tells beside that is not
//! found: whoever commits a fixture has read it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use jackfield_core::schema::Plan;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::{Captures, Regex};
use serde_json::{Map, Value};

mod member;
mod shape;

pub(super) use member::Kind;

/// Shorter values are replaced only where they stand alone in a member that says what they are: within other texts they
/// could be anything.
const WITHIN_CHARS_MIN: usize = 3;
/// Digits of a phone number that tell two people apart; those before are country and area.
const SUBSCRIBER_DIGITS: usize = 7;

/// What stands for the words of names.
const NAMES: [&str; 26] = [
    "Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo", "Lima",
    "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey", "Xray",
    "Yankee", "Zulu",
];

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[a-z0-9][a-z0-9._%+'-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}").ok());
static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\+\d[\d ().\-/]{5,20}\d").ok());
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\+?\(?\d[\d ().\-/]{4,20}\d").ok());
/// What a link proves itself with.
static LINK_KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)[?&](?:key|token|access_token|auth|sig|signature|secret|password|code)=([^&#"\s]{4,})"#).ok()
});

/// What is not within a path segment or a value of a query: as connectors write it, and as forms do.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Looks for personal data, and gives each value its stand-in.
pub(super) struct Finder<'s> {
    /// Members that count beside the usual ones, as [`member::plain`] writes them.
    extra: Vec<String>,
    /// All that was said, in lower case: a stand-in must not be in it.
    said: &'s str,
    counts: HashMap<Kind, usize>,
    /// By kind and what is the same about two ways to write it.
    stand_ins: BTreeMap<(Kind, String), String>,
    /// What is written and what stands for it, both as they are.
    known: BTreeMap<String, String>,
    phones: BTreeMap<String, String>,
}

/// Replaces what a [`Finder`] found.
pub(super) struct Masks {
    extra: Vec<String>,
    known: HashMap<String, String>,
    phones: BTreeMap<String, String>,
    within: Option<Regex>,
}

impl<'s> Finder<'s> {
    /// `said` is everything that will be masked, as one text in lower case.
    pub(super) fn new(extra: &[String], said: &'s str) -> Finder<'s> {
        Finder {
            extra: extra.iter().map(|name| member::plain(name)).collect(),
            said,
            counts: HashMap::new(),
            stand_ins: BTreeMap::new(),
            known: BTreeMap::new(),
            phones: BTreeMap::new(),
        }
    }

    /// What a schema marks in a value.
    pub(super) fn by_schema(&mut self, schema: &Value, value: &Value) {
        let kind = |schema: &Map<String, Value>| {
            let says = |key: &str, word: &str| match schema.get(key) {
                Some(Value::Array(words)) => words.iter().any(|one| one == word),
                Some(one) => one == word,
                None => false,
            };
            match schema.get("x-mask") {
                _ if says("x-normalize", "email") || says("x-mask", "email") => Some(Kind::Email),
                _ if says("x-normalize", "phone") || says("x-mask", "phone") => Some(Kind::Phone),
                Some(_) => Some(Kind::Code),
                None => None,
            }
        };
        Plan::new(schema, &kind).visit(value, &mut |kind, value| self.every(*kind, value));
    }

    fn every(&mut self, kind: Kind, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.every(kind, item)),
            Value::Object(map) => map.values().for_each(|value| self.every(kind, value)),
            Value::String(text) => self.add(kind, text),
            Value::Number(number) => self.add(kind, &number.to_string()),
            _ => {}
        }
    }

    /// What members and texts say by themselves.
    pub(super) fn by_name(&mut self, value: &Value) {
        match value {
            Value::Object(map) => self.members(map),
            Value::Array(items) => items.iter().for_each(|item| self.by_name(item)),
            Value::String(text) => self.text(text),
            _ => {}
        }
    }

    /// As [`Finder::by_name`], of the members of one object.
    pub(super) fn members(&mut self, map: &Map<String, Value>) {
        for (name, value) in map {
            match member::kind(name, map, &self.extra) {
                // A bag under such a name (`email: {address, verified}`) is looked into.
                Some(kind) if !value.is_object() => self.every(kind, value),
                _ => self.by_name(value),
            }
        }
    }

    /// A parameter or a header.
    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        match member::kind(name, &Map::new(), &self.extra) {
            Some(kind) => self.add(kind, value),
            None => self.text(value),
        }
    }

    /// Addresses and numbers in a text.
    pub(super) fn text(&mut self, text: &str) {
        let found = |pattern: &LazyLock<Option<Regex>>| -> Vec<String> {
            let pattern = pattern.as_ref().into_iter();
            pattern.flat_map(|pattern| pattern.find_iter(text)).map(|found| found.as_str().to_owned()).collect()
        };
        found(&EMAIL).iter().for_each(|email| self.add(Kind::Email, email));
        found(&PHONE).iter().for_each(|phone| self.add(Kind::Phone, phone));
        let keys: Vec<String> =
            LINK_KEY.as_ref().into_iter().flat_map(|keys| keys.captures_iter(text)).map(key).collect();
        keys.iter().for_each(|key| self.add(Kind::Secret, key));
    }

    /// One value of a kind. What is none (an empty text, a `phone` without digits) is left alone.
    pub(super) fn add(&mut self, kind: Kind, text: &str) {
        let text = text.trim();
        let kind = match kind {
            Kind::Email if !is_email(text) => Kind::Name,
            Kind::Phone if digits(text).len() < SUBSCRIBER_DIGITS => Kind::Code,
            Kind::Date if shape::date(text).is_none() => Kind::Code,
            other => other,
        };
        match kind {
            _ if text.is_empty() => {}
            Kind::Phone => {
                let key = subscriber(text);
                let count = self.phones.len() + 1;
                self.phones.entry(key).or_insert_with(|| format!("555{:04}", 100 + count % 9_900));
            }
            // Word by word, so that a first and a last name are found in the whole one.
            Kind::Name => text.split_whitespace().for_each(|word| self.know(kind, word)),
            kind => self.know(kind, text),
        }
    }

    /// One value with a stand-in of its own.
    pub(super) fn add_as(&mut self, text: &str, stand_in: &str) {
        self.known.insert(text.to_owned(), stand_in.to_owned());
    }

    fn know(&mut self, kind: Kind, text: &str) {
        let text = text.trim_matches(|c: char| kind == Kind::Name && matches!(c, ',' | ';'));
        if text.is_empty() || self.known.contains_key(text) {
            return;
        }
        let same = match kind {
            Kind::Code => text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect(),
            _ => text.to_lowercase(),
        };
        let stand_in = match self.stand_ins.get(&(kind, same.clone())) {
            Some(known) => known.clone(),
            None => {
                let made = self.local_part(kind, &same).unwrap_or_else(|| self.make(kind, &same));
                self.stand_ins.insert((kind, same), made.clone());
                made
            }
        };
        let written = if kind == Kind::Code { shape::like(text, &stand_in) } else { stand_in };
        self.known.insert(text.to_owned(), written);
    }

    /// Connectors make a name of an address where there is no other: then it has the stand-in's.
    fn local_part(&self, kind: Kind, name: &str) -> Option<String> {
        let is_local = |email: &str| email.split_once('@').is_some_and(|(local, _)| local == name);
        let mut emails = self.stand_ins.iter().filter(|((known, _), _)| kind == Kind::Name && *known == Kind::Email);
        let (_, stand_in) = emails.find(|((_, email), _)| is_local(email))?;
        stand_in.split_once('@').map(|(local, _)| local.to_owned())
    }

    fn make(&mut self, kind: Kind, same: &str) -> String {
        // Numbers are many and texts are finite: some number is always free.
        loop {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let made = match kind {
                Kind::Email => format!("person-{count}@example.com"),
                Kind::Name => {
                    let (name, round) = (NAMES[(*count - 1) % NAMES.len()], (*count - 1) / NAMES.len());
                    if round == 0 {
                        name.to_owned()
                    } else {
                        format!("{name}{}", NAMES[round % NAMES.len()].to_lowercase())
                    }
                }
                Kind::Place => format!("Place {count}"),
                Kind::Date => format!("1990-{:02}-{:02}", (*count / 28) % 12 + 1, *count % 28 + 1),
                Kind::Address => format!("192.0.2.{}", *count % 255),
                Kind::Secret => format!("masked-{count}"),
                Kind::Code | Kind::Phone => shape::code(same, *count),
            };
            let is_free = made.to_lowercase() != same.to_lowercase() && !self.said.contains(&made.to_lowercase());
            // A code of one or two characters cannot always be new.
            if is_free || *count > same.len().max(1) * 100 {
                return made;
            }
        }
    }

    /// Ready to replace.
    pub(super) fn masks(self) -> Masks {
        let mut known = HashMap::new();
        for (text, stand_in) in &self.known {
            known.insert(text.to_lowercase(), stand_in.clone());
            let forms: [fn(&str) -> String; 2] =
                [|text| utf8_percent_encode(text, STRICT).to_string(), |text| form(text)];
            for encode in forms {
                known.entry(encode(text).to_lowercase()).or_insert_with(|| encode(stand_in));
            }
        }
        let mut within: Vec<&String> = known.keys().filter(|text| text.chars().count() >= WITHIN_CHARS_MIN).collect();
        // The longest that fits is the one that is meant.
        within.sort_by_key(|text| (std::cmp::Reverse(text.len()), *text));
        let alternatives: Vec<String> = within.iter().map(|text| bounded(text)).collect();
        let within =
            (!alternatives.is_empty()).then(|| Regex::new(&format!("(?i)(?:{})", alternatives.join("|"))).ok());
        Masks { extra: self.extra, phones: self.phones, within: within.flatten(), known }
    }
}

impl Masks {
    /// A text with every known value replaced.
    pub(super) fn text(&self, text: &str) -> String {
        let replace = |found: &Captures<'_>| {
            let found = &found[0];
            self.known.get(&found.to_lowercase()).map_or_else(|| found.to_owned(), |known| in_case_of(found, known))
        };
        let text = match &self.within {
            Some(within) => within.replace_all(text, replace).into_owned(),
            None => text.to_owned(),
        };
        match &*NUMBER {
            Some(number) if !self.phones.is_empty() => {
                number.replace_all(&text, |found: &Captures<'_>| self.phone(&found[0])).into_owned()
            }
            _ => text,
        }
    }

    /// A number with another subscriber, where it is a known one.
    fn phone(&self, text: &str) -> String {
        if digits(text).len() < SUBSCRIBER_DIGITS {
            return text.to_owned();
        }
        match self.phones.get(&subscriber(text)) {
            Some(known) => shape::tail(text, known),
            None => text.to_owned(),
        }
    }

    /// A value in which every text is replaced, and what stands alone in a member that says what it is.
    pub(super) fn value(&self, value: &mut Value) {
        match value {
            Value::Object(map) => self.members(map),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::String(text) => *text = self.text(text),
            _ => {}
        }
    }

    /// As [`Masks::value`], of the members of one object.
    pub(super) fn members(&self, map: &mut Map<String, Value>) {
        let kinds: Vec<Option<Kind>> = map.keys().map(|name| member::kind(name, map, &self.extra)).collect();
        for (kind, value) in kinds.into_iter().zip(map.values_mut()) {
            match kind {
                Some(_) if !value.is_object() => self.every(value),
                _ => self.value(value),
            }
        }
    }

    fn every(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.every(item)),
            Value::String(text) => *text = self.alone(text),
            Value::Number(number) => {
                let masked = serde_json::from_str(&self.alone(&number.to_string()));
                *number = masked.unwrap_or_else(|_| serde_json::Number::from(0));
            }
            other => self.value(other),
        }
    }

    /// A text that stands alone: however short, it is replaced.
    pub(super) fn alone(&self, text: &str) -> String {
        let known = |text: &str| self.known.get(&text.to_lowercase()).map(|known| in_case_of(text, known));
        if let Some(known) = known(text.trim()) {
            return known;
        }
        let words: Vec<String> = text.split(' ').map(|word| known(word).unwrap_or_else(|| word.to_owned())).collect();
        self.text(&words.join(" "))
    }

    /// A path whose segments are replaced decoded, and encoded as they were.
    pub(super) fn path(&self, path: &str) -> String {
        let segment = |segment: &str| {
            let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
            let masked = self.text(&decoded);
            if masked == decoded { segment.to_owned() } else { utf8_percent_encode(&masked, SEGMENT).to_string() }
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }
}

/// What the SDK leaves as it is within a segment of a path.
const SEGMENT: &AsciiSet = &STRICT
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

fn key(found: Captures<'_>) -> String {
    found.get(1).map(|key| key.as_str().to_owned()).unwrap_or_default()
}

fn is_email(text: &str) -> bool {
    EMAIL.as_ref().is_some_and(|email| email.find(text).is_some_and(|found| found.as_str() == text))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// What tells a phone number from others, however it is written.
fn subscriber(text: &str) -> String {
    let digits = digits(text);
    digits[digits.len().saturating_sub(SUBSCRIBER_DIGITS)..].to_owned()
}

/// As forms write a space.
fn form(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string().replace("%20", "+")
}

/// A pattern that does not begin or end within a word.
fn bounded(text: &str) -> String {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let begin = if is_word(text.chars().next()) { r"\b" } else { "" };
    let end = if is_word(text.chars().last()) { r"\b" } else { "" };
    format!("{begin}{}{end}", regex::escape(text))
}

/// A connector that changes the case of a value changes that of its stand-in as well.
fn in_case_of(found: &str, stand_in: &str) -> String {
    let (upper, lower) = (found.chars().any(char::is_uppercase), found.chars().any(char::is_lowercase));
    match (upper, lower) {
        (false, true) => stand_in.to_lowercase(),
        (true, false) if found.chars().count() > 1 => stand_in.to_uppercase(),
        _ => stand_in.to_owned(),
    }
}

#[cfg(test)]
mod tests;
