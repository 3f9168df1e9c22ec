//! Walks a JSON Schema for the host's own annotations, once, when a connector is loaded. What comes out is a plan:
//! a small graph beside the data, so that a call visits only what is annotated.
//!
//! It is a graph because schemas are: one that refers to itself ten times would be a tree of ten branches at every level,
//! and an annotation below the level at which such a tree is cut off would be lost. A connector writes its own schemas.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// What to do at which place of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<A> {
    /// One for each sub-schema with something to do at it or below; the first is the whole. None when there is nothing.
    nodes: Vec<Node<A>>,
}

/// One sub-schema.
#[derive(Clone, Debug, PartialEq)]
struct Node<A> {
    here: Option<A>,
    /// What holds for the same place: references and branches, in the order of the schema.
    also: Vec<usize>,
    /// By name, also those with nothing to do where that keeps them out of `rest`.
    properties: Vec<(String, Option<usize>)>,
    /// For every item.
    items: Vec<usize>,
    /// For every member that `properties` does not name.
    rest: Vec<usize>,
    /// For every member, where only its name's form says whether.
    members: Vec<usize>,
}

/// Keywords whose sub-schemas hold for the same place. Whether a branch is taken hangs on the data; for what is annotated
/// each of them might be.
const BRANCHES: [&str; 3] = ["anyOf", "oneOf", "allOf"];
const CONDITIONS: [&str; 3] = ["if", "then", "else"];

impl<A: Clone> Plan<A> {
    /// Collects what `read` finds in the sub-schemas of `schema`.
    pub fn new(schema: &Value, read: &impl Fn(&Map<String, Value>) -> Option<A>) -> Plan<A> {
        let mut found = Found { indexes: HashMap::new(), open: Vec::new() };
        let mut nodes = Vec::new();
        found.index(schema);
        // In the order in which they were found, so that a node's index is its place in the list.
        while let Some(sub) = found.open.get(nodes.len()).copied() {
            nodes.push(found.node(schema, sub, read));
        }
        Plan { nodes: prune(nodes) }
    }

    /// Calls `act` at every annotated place of `value`. Of several annotations of one place the first counts.
    pub fn apply(&self, value: &mut Value, act: &mut impl FnMut(&A, &mut Value)) {
        if !self.nodes.is_empty() {
            self.apply_at(vec![0], value, act);
        }
    }

    fn apply_at(&self, begun: Vec<usize>, value: &mut Value, act: &mut impl FnMut(&A, &mut Value)) {
        let here = self.together(begun);
        if let Some(annotation) = here.iter().find_map(|node| self.nodes[*node].here.as_ref()) {
            act(annotation, value);
        }
        match value {
            Value::Object(map) => {
                for (name, member) in map.iter_mut() {
                    let below = self.of_member(&here, name);
                    if !below.is_empty() {
                        self.apply_at(below, member, act);
                    }
                }
            }
            Value::Array(items) => {
                let below = self.of_items(&here);
                if !below.is_empty() {
                    items.iter_mut().for_each(|item| self.apply_at(below.clone(), item, act));
                }
            }
            _ => {}
        }
    }

    /// Shows `see` every annotated place of `value`, as [`Plan::apply`] does.
    pub fn visit<'v>(&self, value: &'v Value, see: &mut impl FnMut(&A, &'v Value)) {
        if !self.nodes.is_empty() {
            self.visit_at(vec![0], value, see);
        }
    }

    fn visit_at<'v>(&self, begun: Vec<usize>, value: &'v Value, see: &mut impl FnMut(&A, &'v Value)) {
        let here = self.together(begun);
        if let Some(annotation) = here.iter().find_map(|node| self.nodes[*node].here.as_ref()) {
            see(annotation, value);
        }
        match value {
            Value::Object(map) => {
                for (name, member) in map {
                    let below = self.of_member(&here, name);
                    if !below.is_empty() {
                        self.visit_at(below, member, see);
                    }
                }
            }
            Value::Array(items) => {
                let below = self.of_items(&here);
                if !below.is_empty() {
                    items.iter().for_each(|item| self.visit_at(below.clone(), item, see));
                }
            }
            _ => {}
        }
    }

    /// Whether there is anything to visit.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Everything that holds for one place, each once, in the order of the schema.
    fn together(&self, mut begun: Vec<usize>) -> Vec<usize> {
        if let [only] = begun[..]
            && self.nodes[only].also.is_empty()
        {
            return begun;
        }
        let mut here = Vec::with_capacity(begun.len());
        begun.reverse();
        while let Some(next) = begun.pop() {
            if !here.contains(&next) {
                here.push(next);
                begun.extend(self.nodes[next].also.iter().rev());
            }
        }
        here
    }

    fn of_member(&self, here: &[usize], name: &str) -> Vec<usize> {
        let mut below = Vec::new();
        for node in here.iter().map(|node| &self.nodes[*node]) {
            match node.properties.iter().find(|(known, _)| known == name) {
                Some((_, known)) => below.extend(*known),
                None => below.extend(&node.rest),
            }
            below.extend(&node.members);
        }
        below
    }

    fn of_items(&self, here: &[usize]) -> Vec<usize> {
        here.iter().flat_map(|node| self.nodes[*node].items.iter().copied()).collect()
    }
}

/// Sub-schemas by where they stand: each gets one node, however often it is referred to.
struct Found<'s> {
    indexes: HashMap<*const Value, usize>,
    open: Vec<&'s Value>,
}

impl<'s> Found<'s> {
    fn index(&mut self, schema: &'s Value) -> usize {
        *self.indexes.entry(std::ptr::from_ref(schema)).or_insert_with(|| {
            self.open.push(schema);
            self.open.len() - 1
        })
    }

    fn node<A>(
        &mut self,
        root: &'s Value,
        schema: &'s Value,
        read: &impl Fn(&Map<String, Value>) -> Option<A>,
    ) -> Node<A> {
        let mut node = Node {
            here: None,
            also: Vec::new(),
            properties: Vec::new(),
            items: Vec::new(),
            rest: Vec::new(),
            members: Vec::new(),
        };
        let Some(schema) = schema.as_object() else { return node };
        node.here = read(schema);
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        let branches = BRANCHES.iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
        let conditions = CONDITIONS.iter().filter_map(|key| schema.get(*key));
        let dependent = schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let same_place = target.and_then(|t| root.pointer(t)).into_iter().chain(branches).chain(conditions);
        node.also = same_place.chain(dependent).map(|other| self.index(other)).collect();
        for (name, sub) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            node.properties.push((name.clone(), Some(self.index(sub))));
        }
        let first_items = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        let every_item = ["items", "contains", "unevaluatedItems"].iter().filter_map(|key| schema.get(*key));
        node.items = every_item.chain(first_items).map(|sub| self.index(sub)).collect();
        let rest = ["additionalProperties", "unevaluatedProperties"].iter().filter_map(|key| schema.get(*key));
        node.rest = rest.map(|sub| self.index(sub)).collect();
        let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
        node.members = patterns.map(|sub| self.index(sub)).collect();
        node
    }
}

impl<A> Node<A> {
    fn targets(&self) -> impl Iterator<Item = usize> {
        let named = self.properties.iter().filter_map(|(_, target)| *target);
        let others = self.also.iter().chain(&self.items).chain(&self.rest).chain(&self.members).copied();
        named.chain(others)
    }
}

/// Leaves only what leads to an annotation; nothing when the whole does not.
fn prune<A>(nodes: Vec<Node<A>>) -> Vec<Node<A>> {
    let mut sources = vec![Vec::new(); nodes.len()];
    for (source, node) in nodes.iter().enumerate() {
        node.targets().for_each(|target| sources[target].push(source));
    }
    let mut useful = vec![false; nodes.len()];
    let mut open: Vec<usize> = (0..nodes.len()).filter(|node| nodes[*node].here.is_some()).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut useful[node], true) {
            open.extend(&sources[node]);
        }
    }
    if useful.first() != Some(&true) {
        return Vec::new();
    }
    let mut kept = 0;
    let places: Vec<Option<usize>> = useful
        .iter()
        .map(|useful| {
            kept += usize::from(*useful);
            useful.then(|| kept - 1)
        })
        .collect();
    let moved = |targets: Vec<usize>| targets.into_iter().filter_map(|target| places[target]).collect::<Vec<_>>();
    let kept = nodes.into_iter().zip(&useful).filter(|(_, useful)| **useful).map(|(node, _)| {
        let rest = moved(node.rest);
        let named = node.properties.into_iter().map(|(name, target)| (name, target.and_then(|target| places[target])));
        let properties = named.filter(|(_, target)| target.is_some() || !rest.is_empty()).collect();
        let (also, items, members) = (moved(node.also), moved(node.items), moved(node.members));
        Node { here: node.here, also, properties, items, rest, members }
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(schema: &Value, value: &Value) -> Vec<String> {
        let plan = Plan::new(schema, &|schema| schema.get("x").and_then(Value::as_str).map(str::to_owned));
        let mut seen = Vec::new();
        plan.visit(value, &mut |mark, value| seen.push(format!("{mark} {value}")));
        seen
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_followed_as_deep_as_the_data_goes() {
        let schema = json!({ "properties": { "down": { "$ref": "#" }, "mail": { "x": "m" } } });
        let mut value = json!({ "mail": 40 });
        for level in (0..40).rev() {
            value = json!({ "mail": level, "down": value });
        }
        assert_eq!(places(&schema, &value).len(), 41);
    }

    #[test]
    fn many_references_to_itself_cost_no_more_than_one() {
        // As a tree of a dozen levels this would have ten billion nodes.
        let names = (b'a'..=b'j').map(|name| char::from(name).to_string());
        let mut properties: Map<String, Value> = names.map(|name| (name, json!({ "$ref": "#" }))).collect();
        properties.insert("mail".to_owned(), json!({ "x": "m" }));
        let schema = json!({ "properties": properties, "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        assert_eq!(places(&schema, &json!({ "a": { "j": { "mail": 1 } } })), ["m 1"]);
    }

    #[test]
    fn no_branch_hides_what_another_says_of_the_same_place() {
        let schema = json!({ "anyOf": [
            { "items": { "properties": { "a": { "x": "first" } } } },
            { "items": { "properties": { "b": { "x": "second" } } } }
        ] });
        assert_eq!(places(&schema, &json!([{ "a": 1, "b": 2 }])), ["first 1", "second 2"]);
        let schema = json!({ "allOf": [
            { "properties": { "a": { "properties": { "b": { "x": "named" } } } } },
            { "additionalProperties": { "x": "rest" } }
        ] });
        assert_eq!(places(&schema, &json!({ "a": { "b": 1 } })), ["rest {\"b\":1}", "named 1"]);
    }

    #[test]
    fn every_keyword_that_leads_to_data_is_followed() {
        for schema in [
            json!({ "patternProperties": { "^a": { "x": "m" } } }),
            json!({ "unevaluatedProperties": { "x": "m" } }),
            json!({ "if": { "required": ["b"] }, "then": { "properties": { "a": { "x": "m" } } } }),
            json!({ "dependentSchemas": { "b": { "properties": { "a": { "x": "m" } } } } }),
        ] {
            assert_eq!(places(&schema, &json!({ "a": 1 })), ["m 1"], "{schema}");
        }
        for schema in [json!({ "prefixItems": [{ "x": "m" }] }), json!({ "contains": { "x": "m" } })] {
            assert_eq!(places(&schema, &json!([1])), ["m 1"], "{schema}");
        }
    }

    #[test]
    fn what_is_named_is_not_the_rest_and_nothing_is_no_plan() {
        let schema = json!({ "properties": { "a": {} }, "additionalProperties": { "x": "rest" } });
        assert_eq!(places(&schema, &json!({ "a": 1, "b": 2 })), ["rest 2"]);
        let empty = Plan::new(&json!({ "properties": { "a": { "$ref": "#" } } }), &|_| None::<()>);
        assert!(empty.is_empty());
    }
}
