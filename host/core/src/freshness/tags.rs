//! What an answer tells of and what a write touches, as tags such as `order:1001`. A kept answer is dropped as soon as
//! one of its tags is touched.
//!
//! A tag is a kind and an id. The kind is the intent's noun, its last word but one: `order` of `order.status`, `macro`
//! of `zendesk.macro.apply`. Where ids stand, a schema says by `x-tags` on the property that holds one
//! (`"x-tags": "order"`, or a list of kinds). A schema without `x-tags` is read by what the catalogue's names have in
//! common:
//! - a value with an `id` or a `number` is one object, and these are its ids. Lists in it are parts of it: an order's
//!   items are no orders;
//! - a value with neither is a list if it holds one. The objects in there have ids of the intent's noun and of the
//!   list's own (`contacts` holds `contact`);
//! - a member `order_id` or `order_number` of any of these is the id of an `order`.
//!
//! An answer that is a list also hangs on what is not in it: it has the tag `order:*`. A write touches that tag, beside
//! the objects that its input and its output name, since what it creates or changes may now belong in the list. A write
//! whose outcome is unknown touches the same: better one question too many than yesterday's truth. With too many
//! objects to name them all, a value falls back to `order:*` as well.
//!
//! Tags are read from the output as the connector gave it, before anything is masked. They are not unique across
//! tenants and connections: an index of them belongs to one connection.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::Plan;

/// Tags of one value at most.
pub const TAGS_MAX: usize = 64;

/// Bytes of an id in a tag at most; a longer one is no id that another answer would name.
pub const ID_BYTES_MAX: usize = 200;

/// What an object calls its own ids.
const OWN_IDS: [&str; 2] = ["id", "number"];

/// The tags of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// What a change of one object touches: itself, and every list of its kind.
    pub fn of_object(kind: &str, id: &str) -> Tags {
        let mut tags = Tags::default();
        tags.add(kind, &Value::String(id.to_owned()));
        tags.add_any(kind);
        tags
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a write that touched these changes what an answer with those tells.
    pub fn touch(&self, answer: &Tags) -> bool {
        !self.0.is_disjoint(&answer.0)
    }

    fn add(&mut self, kind: &str, id: &Value) -> bool {
        let text = match id {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return true,
        };
        // As people write it and as the system does.
        let text = text.trim().trim_start_matches('#').to_lowercase();
        if text.is_empty() || text.len() > ID_BYTES_MAX {
            return true;
        }
        let room = self.0.len() < TAGS_MAX;
        if room {
            self.0.insert(format!("{kind}:{text}"));
        }
        room
    }

    fn add_any(&mut self, kind: &str) {
        self.0.insert(format!("{kind}:*"));
    }
}

/// Finds the tags of one intent, made when its connector is loaded.
#[derive(Clone, Debug)]
pub struct Tagger {
    noun: String,
    input: Plan<Vec<String>>,
    output: Plan<Vec<String>>,
}

impl Tagger {
    /// Reads the schemas of an intent.
    pub fn new(intent: &str, input_schema: &Value, output_schema: &Value) -> Tagger {
        let noun = intent.rsplit('.').nth(1).unwrap_or(intent).to_owned();
        let read = |schema: &Map<String, Value>| match schema.get("x-tags")? {
            Value::String(kind) => Some(vec![kind.clone()]),
            Value::Array(kinds) => Some(kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            _ => None,
        };
        Tagger { noun, input: Plan::new(input_schema, &read), output: Plan::new(output_schema, &read) }
    }

    /// What the answer to a read tells of.
    pub fn of_answer(&self, input: &Value, output: &Value) -> Tags {
        let mut tags = Tags::default();
        let whole = self.collect(&self.input, input, &mut tags) & self.collect(&self.output, output, &mut tags);
        if lists_of(output).next().is_some() || !whole || tags.0.is_empty() {
            tags.add_any(&self.noun);
        }
        tags
    }

    /// What a write touches; the output is absent where none came.
    pub fn of_write(&self, input: &Value, output: Option<&Value>) -> Tags {
        let mut tags = Tags::default();
        self.collect(&self.input, input, &mut tags);
        if let Some(output) = output {
            self.collect(&self.output, output, &mut tags);
        }
        let kinds: BTreeSet<String> =
            tags.iter().filter_map(|tag| tag.split_once(':')).map(|(kind, _)| kind.to_owned()).collect();
        kinds.iter().for_each(|kind| tags.add_any(kind));
        tags.add_any(&self.noun);
        tags
    }

    /// Whether all of them found room.
    fn collect(&self, plan: &Plan<Vec<String>>, value: &Value, tags: &mut Tags) -> bool {
        let mut whole = true;
        if plan.is_empty() {
            whole &= collect_known(value, &[&self.noun], tags);
            for (name, items) in lists_of(value) {
                let kinds = [self.noun.as_str(), name.strip_suffix('s').unwrap_or(name)];
                whole &= items.iter().all(|item| collect_known(item, &kinds, tags));
            }
        } else {
            plan.visit(value, &mut |kinds, id| {
                whole &= kinds.iter().all(|kind| tags.add(kind, id));
            });
        }
        whole
    }
}

/// The lists of objects of a value that is no object of its own, the empty ones included.
fn lists_of(value: &Value) -> impl Iterator<Item = (&str, &Vec<Value>)> {
    let list = value.as_object().filter(|members| !OWN_IDS.iter().any(|id| members.contains_key(*id)));
    list.into_iter().flatten().filter_map(|(name, member)| {
        let items = member.as_array()?;
        items.iter().all(Value::is_object).then_some((name.as_str(), items))
    })
}

/// The ids of one object by their well-known names.
fn collect_known(value: &Value, kinds: &[&str], tags: &mut Tags) -> bool {
    let mut whole = true;
    for (name, member) in value.as_object().into_iter().flatten() {
        if OWN_IDS.contains(&name.as_str()) {
            whole &= kinds.iter().all(|kind| tags.add(kind, member));
        } else if let Some(kind) = name.strip_suffix("_id").or_else(|| name.strip_suffix("_number")) {
            whole &= tags.add(kind, member);
        }
    }
    whole
}
