//! Walks a JSON Schema for the host's own annotations, once, when a connector is loaded. What comes out is a plan:
//! a small tree beside the data, so that a call visits only what is annotated.

use serde_json::{Map, Value};

/// What to do at which place of a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<A> {
    here: Option<A>,
    properties: Vec<(String, Plan<A>)>,
    items: Option<Box<Plan<A>>>,
    /// For every member that `properties` does not name.
    rest: Option<Box<Plan<A>>>,
}

/// Bound of the walk: schemas that refer to themselves end here.
const DEPTH_MAX: usize = 24;

impl<A: Clone> Plan<A> {
    /// Collects what `read` finds in the sub-schemas of `schema`.
    pub fn new(schema: &Value, read: &impl Fn(&Map<String, Value>) -> Option<A>) -> Plan<A> {
        Plan::walk(schema, schema, read, 0).unwrap_or(Plan {
            here: None,
            properties: Vec::new(),
            items: None,
            rest: None,
        })
    }

    fn walk(
        root: &Value,
        schema: &Value,
        read: &impl Fn(&Map<String, Value>) -> Option<A>,
        depth: usize,
    ) -> Option<Plan<A>> {
        if depth > DEPTH_MAX {
            return None;
        }
        let schema = schema.as_object()?;
        let mut plan = Plan { here: read(schema), properties: Vec::new(), items: None, rest: None };
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        let branches = ["anyOf", "oneOf", "allOf"].iter().filter_map(|k| schema.get(*k)?.as_array()).flatten();
        for other in target.and_then(|t| root.pointer(t)).into_iter().chain(branches) {
            if let Some(found) = Plan::walk(root, other, read, depth + 1) {
                plan.merge(found);
            }
        }
        for (name, sub) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(found) = Plan::walk(root, sub, read, depth + 1) {
                plan.merge(Plan { here: None, properties: vec![(name.clone(), found)], items: None, rest: None });
            }
        }
        for (key, slot) in [("items", &mut plan.items), ("additionalProperties", &mut plan.rest)] {
            if let Some(found) = schema.get(key).and_then(|sub| Plan::walk(root, sub, read, depth + 1)) {
                *slot = Some(Box::new(found));
            }
        }
        (!plan.is_empty()).then_some(plan)
    }

    fn merge(&mut self, other: Plan<A>) {
        self.here = self.here.take().or(other.here);
        for (name, plan) in other.properties {
            match self.properties.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.merge(plan),
                None => self.properties.push((name, plan)),
            }
        }
        self.items = self.items.take().or(other.items);
        self.rest = self.rest.take().or(other.rest);
    }

    /// Calls `act` at every annotated place of `value`.
    pub fn apply(&self, value: &mut Value, act: &mut impl FnMut(&A, &mut Value)) {
        if let Some(annotation) = &self.here {
            act(annotation, value);
        }
        match value {
            Value::Object(map) => {
                for (name, plan) in &self.properties {
                    if let Some(member) = map.get_mut(name) {
                        plan.apply(member, act);
                    }
                }
                if let Some(plan) = &self.rest {
                    for (name, member) in map.iter_mut() {
                        if !self.properties.iter().any(|(known, _)| known == name) {
                            plan.apply(member, act);
                        }
                    }
                }
            }
            Value::Array(items) => {
                if let Some(plan) = &self.items {
                    items.iter_mut().for_each(|item| plan.apply(item, act));
                }
            }
            _ => {}
        }
    }

    /// Shows `see` every annotated place of `value`.
    pub fn visit<'v>(&self, value: &'v Value, see: &mut impl FnMut(&A, &'v Value)) {
        if let Some(annotation) = &self.here {
            see(annotation, value);
        }
        match value {
            Value::Object(map) => {
                for (name, member) in map {
                    match self.properties.iter().find(|(known, _)| known == name) {
                        Some((_, plan)) => plan.visit(member, see),
                        None => self.rest.iter().for_each(|plan| plan.visit(member, see)),
                    }
                }
            }
            Value::Array(items) => {
                if let Some(plan) = &self.items {
                    items.iter().for_each(|item| plan.visit(item, see));
                }
            }
            _ => {}
        }
    }

    /// Whether there is anything to visit.
    pub fn is_empty(&self) -> bool {
        self.here.is_none() && self.properties.is_empty() && self.items.is_none() && self.rest.is_none()
    }
}
