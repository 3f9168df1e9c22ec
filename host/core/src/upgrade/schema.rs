//! Two JSON Schemas of one thing, the older and the newer: what changed, and what of it breaks those who rely on the
//! older one.
//!
//! An input breaks where something that was taken is refused, an output where something comes that was never promised,
//! or does not come that was. Keywords whose change cannot be judged (`not`, `if`, `pattern`, ..) count as breaking when
//! they change: a person has to look. What is only words (`title`, `description`, `examples`) is left out.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// Bound of the walk: schemas are as deep as somebody made them.
const DEPTH_MAX: usize = 64;

/// Who relies on a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who sends: all that was taken must be taken.
    Input,
    /// Who reads: all that comes must be what was promised.
    Output,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which of an intent's schemas.
    pub side: Side,
    /// JSON Pointer (RFC 6901) into the schema: the newer one, or the older one for what is gone.
    pub pointer: String,
    /// What, fit after the pointer: ``is required now``.
    pub text: String,
    /// Whether somebody who relies on the older schema is let down.
    pub breaks: bool,
}

/// The types of a schema that names none.
const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

/// Bounds, and whether a larger number is the narrower one.
const BOUNDS: [(&str, bool); 10] = [
    ("minimum", true),
    ("exclusiveMinimum", true),
    ("maximum", false),
    ("exclusiveMaximum", false),
    ("minLength", true),
    ("maxLength", false),
    ("minItems", true),
    ("maxItems", false),
    ("minProperties", true),
    ("maxProperties", false),
];

/// Keywords of which only this can be told: they are there, gone, or others. To have one is to take less.
const OPAQUE: [&str; 15] = [
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "propertyNames",
    "patternProperties",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// What changed from one schema to the next.
pub fn changes(side: Side, old: &Value, new: &Value) -> Vec<Change> {
    let mut walk = Walk { side, old, new, changes: Vec::new(), seen: HashSet::new() };
    walk.compare(Place { schema: old, pointer: String::new() }, Place { schema: new, pointer: String::new() }, 0);
    walk.changes
}

struct Walk<'s> {
    side: Side,
    old: &'s Value,
    new: &'s Value,
    changes: Vec<Change>,
    /// Pairs of definitions that were compared: types that hold themselves end here.
    seen: HashSet<(String, String)>,
}

/// A schema and where it stands.
#[derive(Clone)]
struct Place<'s> {
    schema: &'s Value,
    pointer: String,
}

impl<'s> Place<'s> {
    fn below(&self, keyword: &str, schema: &'s Value) -> Place<'s> {
        Place { schema, pointer: format!("{}/{keyword}", self.pointer) }
    }

    fn member(&self, name: &str, schema: &'s Value) -> Place<'s> {
        self.below(&format!("properties/{}", escape(name)), schema)
    }
}

/// Which way the set of values that a schema takes has gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Narrower,
    Wider,
    /// Neither contains the other, or nobody can tell.
    Another,
}

impl<'s> Walk<'s> {
    fn say(&mut self, pointer: &str, way: Way, text: impl Into<String>) {
        let breaks = match way {
            Way::Narrower => self.side == Side::Input,
            Way::Wider => self.side == Side::Output,
            Way::Another => true,
        };
        self.push(pointer, breaks, text);
    }

    fn push(&mut self, pointer: &str, breaks: bool, text: impl Into<String>) {
        let change = Change { side: self.side, pointer: pointer.to_owned(), text: text.into(), breaks };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    fn compare(&mut self, old: Place<'s>, new: Place<'s>, depth: usize) {
        let (old, before) = follow(self.old, old);
        let (new, after) = follow(self.new, new);
        if before == after && !mentions_definitions(old.schema) {
            return;
        }
        if depth > DEPTH_MAX {
            return self.push(&new.pointer, true, "is nested too deeply to be compared");
        }
        if !self.seen.insert((old.pointer.clone(), new.pointer.clone())) {
            return;
        }
        let at = new.pointer.clone();
        self.types(&at, &before, &after);
        self.values(&at, &before, &after);
        for (keyword, larger_is_narrower) in BOUNDS {
            self.bound(&at, keyword, larger_is_narrower, &before, &after);
        }
        for keyword in OPAQUE {
            match (before.get(keyword), after.get(keyword)) {
                (Some(a), Some(b)) if a == b => {}
                (None, None) => {}
                (None, Some(now)) => self.say(&at, Way::Narrower, format!("has `{keyword}` {} now", shown(now))),
                (Some(was), None) => {
                    self.say(&at, Way::Wider, format!("has no `{keyword}` any more, it was {}", shown(was)));
                }
                (Some(was), Some(now)) => {
                    let text = format!("has another `{keyword}`: {} instead of {}", shown(now), shown(was));
                    self.say(&at, Way::Another, text);
                }
            }
        }
        self.annotations(&at, &before, &after);
        self.members((&old, &before), (&new, &after), depth);
        self.others((&old, &before), (&new, &after), depth);
        self.elements((&old, &before), (&new, &after), depth);
        for keyword in ["anyOf", "oneOf"] {
            self.alternatives(keyword, (&old, &before), (&new, &after), depth);
        }
        self.conditions(&at, &before, &after);
    }

    fn types(&mut self, at: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let (was, now) = (types(before), types(after));
        let takes = |all: &[&str], one: &str| all.contains(&one) || (one == "integer" && all.contains(&"number"));
        for gone in was.iter().filter(|one| !takes(&now, one)) {
            let text = match now.as_slice() {
                // A number that must be whole now.
                [only] => format!("is `{only}` only: `{gone}` is gone"),
                _ => format!("is never `{gone}` any more"),
            };
            self.say(at, Way::Narrower, text);
        }
        for added in now.iter().filter(|one| !takes(&was, one)) {
            self.say(at, Way::Wider, format!("may be `{added}` now"));
        }
    }

    fn values(&mut self, at: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        match (listed(before), listed(after)) {
            (None, None) => {}
            (None, Some(now)) => {
                self.say(at, Way::Narrower, format!("is one of {} only now", list(&now)));
            }
            (Some(_), None) => self.say(at, Way::Wider, "is not limited to listed values any more"),
            (Some(was), Some(now)) => {
                let gone: Vec<&Value> = was.iter().filter(|value| !now.contains(value)).copied().collect();
                let added: Vec<&Value> = now.iter().filter(|value| !was.contains(value)).copied().collect();
                if !gone.is_empty() {
                    self.say(at, Way::Narrower, format!("is never {} any more", list(&gone)));
                }
                if !added.is_empty() {
                    self.say(at, Way::Wider, format!("may be {} now", list(&added)));
                }
            }
        }
    }

    fn bound(
        &mut self,
        at: &str,
        keyword: &str,
        larger_is_narrower: bool,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        let number = |map: &Map<String, Value>| map.get(keyword).and_then(Value::as_f64);
        let (was, now) = (number(before), number(after));
        let (Some(was), Some(now)) = (was, now) else {
            if let Some(now) = now {
                self.say(at, Way::Narrower, format!("has `{keyword}` {now} now"));
            } else if let Some(was) = was {
                self.say(at, Way::Wider, format!("has no `{keyword}` any more, it was {was}"));
            }
            return;
        };
        if was != now {
            let way = if (now > was) == larger_is_narrower { Way::Narrower } else { Way::Wider };
            self.say(at, way, format!("has `{keyword}` {now} instead of {was}"));
        }
    }

    /// What the host does by a schema, beside validating.
    fn annotations(&mut self, at: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let was = before.get("x-mask");
        let now = after.get("x-mask");
        match (was, now) {
            (Some(was), None) => self.push(at, true, format!("is not masked any more, it was {}", shown(was))),
            (Some(was), Some(now)) if was != now => {
                self.push(at, true, format!("is masked by {} instead of {}", shown(now), shown(was)));
            }
            (None, Some(now)) => self.push(at, false, format!("is masked by {} now", shown(now))),
            _ => {}
        }
        for keyword in ["x-normalize", "default"] {
            if before.get(keyword) != after.get(keyword) {
                let word = |map: &Map<String, Value>| map.get(keyword).map_or_else(|| "nothing".to_owned(), shown);
                let text = format!("has `{keyword}` {} instead of {}", word(after), word(before));
                self.push(at, false, text);
            }
        }
    }

    fn members(
        &mut self,
        (old, before): (&Place<'s>, &Map<String, Value>),
        (new, after): (&Place<'s>, &Map<String, Value>),
        depth: usize,
    ) {
        let (was, now) = (properties(old.schema), properties(new.schema));
        let (needed, needs) = (required(before), required(after));
        for (name, schema) in was.into_iter().flatten() {
            let place = old.member(name, schema);
            match now.and_then(|now| now.get(name)) {
                Some(found) => self.compare(place, new.member(name, found), depth + 1),
                None if self.side == Side::Output => self.push(&place.pointer, true, "is gone"),
                None if closed(after) => self.push(&place.pointer, true, "is refused now"),
                None => self.push(&place.pointer, false, "is not read any more"),
            }
        }
        let known = |name: &String| was.is_some_and(|was| was.contains_key(name));
        for (name, schema) in now.into_iter().flatten().filter(|(name, _)| !known(name)) {
            // That it is required is told below, and breaks.
            if !needs.contains(name.as_str()) || self.side == Side::Output {
                self.push(&new.member(name, schema).pointer, false, "is new");
            }
        }
        let pointer = |name: &str| format!("{}/properties/{}", new.pointer, escape(name));
        for name in needs.difference(&needed) {
            self.push(&pointer(name), self.side == Side::Input, "is required now");
        }
        for name in needed.difference(&needs) {
            // What is gone altogether has been told.
            if now.is_some_and(|now| now.contains_key(*name)) || self.side == Side::Input {
                self.push(&pointer(name), self.side == Side::Output, "is not required any more");
            }
        }
    }

    /// Members that no property names.
    fn others(
        &mut self,
        (old, before): (&Place<'s>, &Map<String, Value>),
        (new, after): (&Place<'s>, &Map<String, Value>),
        depth: usize,
    ) {
        const KEYWORD: &str = "additionalProperties";
        match (closed(before), closed(after)) {
            (true, true) => return,
            (false, true) => return self.say(&new.pointer, Way::Narrower, "has no other members than those named now"),
            // A reader ignores members that it does not know, so that this lets nobody down.
            (true, false) => return self.push(&new.pointer, false, "may have other members now"),
            (false, false) => {}
        }
        match (old.schema.get(KEYWORD), new.schema.get(KEYWORD)) {
            (Some(was), Some(now)) => self.compare(old.below(KEYWORD, was), new.below(KEYWORD, now), depth + 1),
            (None, Some(now)) if !takes_all(now) => {
                self.say(&new.pointer, Way::Narrower, "limits what other members may be now");
            }
            (Some(was), None) if !takes_all(was) => {
                self.say(&new.pointer, Way::Wider, "does not limit what other members may be any more");
            }
            _ => {}
        }
    }

    fn elements(
        &mut self,
        (old, before): (&Place<'s>, &Map<String, Value>),
        (new, after): (&Place<'s>, &Map<String, Value>),
        depth: usize,
    ) {
        match (old.schema.get("items"), new.schema.get("items")) {
            (Some(was), Some(now)) => self.compare(old.below("items", was), new.below("items", now), depth + 1),
            (None, Some(now)) if !takes_all(now) => self.say(&new.pointer, Way::Narrower, "limits its elements now"),
            (Some(was), None) if !takes_all(was) => {
                self.say(&new.pointer, Way::Wider, "does not limit its elements any more");
            }
            _ => {}
        }
        if before.get("prefixItems") != after.get("prefixItems") {
            self.say(&new.pointer, Way::Another, "has other `prefixItems`");
        }
    }

    /// Alternatives that are the same are paired first; of the others, one by one as long as both have some.
    fn alternatives(
        &mut self,
        keyword: &str,
        (old, before): (&Place<'s>, &Map<String, Value>),
        (new, after): (&Place<'s>, &Map<String, Value>),
        depth: usize,
    ) {
        // What only lists values was compared as such.
        let branches = |place: &Place<'s>, map: &Map<String, Value>| -> Vec<(usize, &'s Value)> {
            let own = map.get(keyword).and(place.schema.get(keyword)).and_then(Value::as_array);
            own.into_iter().flatten().enumerate().collect()
        };
        let (mut was, mut now) = (branches(old, before), branches(new, after));
        if before.contains_key(keyword) != after.contains_key(keyword) {
            let (way, text) = if now.is_empty() {
                (Way::Wider, format!("has no alternatives (`{keyword}`) to keep to any more"))
            } else {
                (Way::Narrower, format!("has alternatives (`{keyword}`) to keep to now"))
            };
            return self.say(&new.pointer, way, text);
        }
        was.retain(|(_, schema)| {
            let same = now.iter().position(|(_, other)| schema == other && !mentions_definitions(schema));
            same.map(|at| now.remove(at)).is_none()
        });
        let pairs = was.len().min(now.len());
        for ((i, was), (j, now)) in was.drain(..pairs).zip(now.drain(..pairs)) {
            let (was, now) = (old.below(&format!("{keyword}/{i}"), was), new.below(&format!("{keyword}/{j}"), now));
            self.compare(was, now, depth + 1);
        }
        for (at, _) in was {
            self.say(&format!("{}/{keyword}/{at}", old.pointer), Way::Narrower, "is no alternative any more");
        }
        for (at, _) in now {
            self.say(&format!("{}/{keyword}/{at}", new.pointer), Way::Wider, "is another alternative now");
        }
    }

    fn conditions(&mut self, at: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let all = |map: &Map<String, Value>| map.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
        let (was, now) = (all(before), all(after));
        if now.iter().any(|one| !was.contains(one)) {
            self.say(at, Way::Narrower, "has another condition (`allOf`) to keep to");
        }
        if was.iter().any(|one| !now.contains(one)) {
            self.say(at, Way::Wider, "has a condition (`allOf`) less to keep to");
        }
    }
}

/// The schema behind references and behind "this or null", and the keywords that count there. A reference to elsewhere
/// stays as it is.
fn follow<'s>(root: &'s Value, mut place: Place<'s>) -> (Place<'s>, Map<String, Value>) {
    let mut beside = Map::new();
    let mut nullable = false;
    for _ in 0..DEPTH_MAX {
        let Some(map) = place.schema.as_object() else { break };
        let target = map.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let next = if let Some(target) = target {
            root.pointer(target).map(|schema| (Place { schema, pointer: target.to_owned() }, "$ref"))
        } else {
            or_null(&place).map(|place| (place, "anyOf"))
        };
        let Some((next, by)) = next else { break };
        nullable |= by == "anyOf";
        for (name, value) in map.iter().filter(|(name, _)| *name != by) {
            beside.entry(name.clone()).or_insert_with(|| value.clone());
        }
        place = next;
    }
    let keywords = keywords(place.schema, beside, nullable);
    (place, keywords)
}

/// The other one of two alternatives of which one is null.
fn or_null<'s>(place: &Place<'s>) -> Option<Place<'s>> {
    let branches = place.schema.get("anyOf")?.as_array()?;
    let null = |branch: &Value| branch.get("type").is_some_and(|kind| kind == "null");
    match branches.as_slice() {
        [one, other] if null(other) && !null(one) => Some(place.below("anyOf/0", one)),
        [one, other] if null(one) && !null(other) => Some(place.below("anyOf/1", other)),
        _ => None,
    }
}

/// The keywords that count, in one form: alternatives that only list values as `enum`, "or null" as a type.
fn keywords(schema: &Value, beside: Map<String, Value>, nullable: bool) -> Map<String, Value> {
    let mut map = match schema {
        Value::Object(map) => map.clone(),
        // Nothing is taken.
        Value::Bool(false) => Map::from_iter([("enum".to_owned(), Value::Array(Vec::new()))]),
        _ => Map::new(),
    };
    map.extend(beside);
    for keyword in ["anyOf", "oneOf"] {
        let Some(branches) = map.get(keyword).and_then(Value::as_array) else { continue };
        let consts: Option<Vec<Value>> = branches.iter().map(|branch| branch.get("const").cloned()).collect();
        if let Some(consts) = consts.filter(|consts| !consts.is_empty() && !map.contains_key("enum")) {
            map.shift_remove(keyword);
            map.insert("enum".to_owned(), Value::Array(consts));
        }
    }
    if nullable {
        let mut kinds: Vec<Value> = types(&map).into_iter().map(Value::from).collect();
        kinds.push(Value::from("null"));
        map.insert("type".to_owned(), Value::Array(kinds));
        if let Some(Value::Array(values)) = map.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    // Words say nothing about what is taken.
    for words in ["title", "description", "examples", "$schema", "$comment", "$defs", "definitions"] {
        map.shift_remove(words);
    }
    map
}

/// The types that a schema takes; all of them where it names none.
fn types(map: &Map<String, Value>) -> Vec<&str> {
    match map.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => TYPES.to_vec(),
    }
}

/// The values that a schema lists.
fn listed(map: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (map.get("const"), map.get("enum")) {
        (Some(one), _) => Some(vec![one]),
        (None, Some(Value::Array(all))) => Some(all.iter().collect()),
        _ => None,
    }
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

fn required(map: &Map<String, Value>) -> BTreeSet<&str> {
    let names = map.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

/// Whether members that no property names are refused.
fn closed(map: &Map<String, Value>) -> bool {
    map.get("additionalProperties") == Some(&Value::Bool(false))
}

fn takes_all(schema: &Value) -> bool {
    matches!(schema, Value::Bool(true)) || schema.as_object().is_some_and(Map::is_empty)
}

/// Whether a schema refers to a definition: then the same text may mean something else in the other schema.
fn mentions_definitions(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("$ref") || map.values().any(mentions_definitions),
        Value::Array(all) => all.iter().any(mentions_definitions),
        _ => false,
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Bound of a value in a sentence, in characters.
const SHOWN_CHARS_MAX: usize = 80;

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn list(values: &[&Value]) -> String {
    values.iter().map(|value| shown(value)).collect::<Vec<_>>().join(", ")
}
