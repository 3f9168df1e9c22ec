//! Every text of a recording, wherever it stands: to be cleaned, searched and masked.

use jackfield_fixtures::{CaseUser, Exchange};
use serde_json::{Map, Value};

use super::Recording;
use super::personal::{Finder, Kind, Masks};

/// What the person in the chat is called.
const USER: &str = "user-1";
/// A shorter id of a user could stand anywhere.
const USER_CHARS_MIN: usize = 4;

/// Calls `act` with every text.
pub(super) fn each(recording: &mut Recording, act: &mut dyn FnMut(&mut String)) {
    let request = &mut recording.request;
    leaves(&mut request.input, act);
    request.settings.iter_mut().for_each(|settings| leaves(settings, act));
    if let Some(CaseUser { id, email, phone }) = &mut request.user {
        act(id);
        email.iter_mut().chain(phone).for_each(&mut *act);
    }
    request.cache.values_mut().for_each(|value| leaves(value, act));
    for intent in &mut request.intents {
        leaves(&mut intent.input, act);
        intent.output.iter_mut().chain(&mut intent.failure).for_each(|value| leaves(value, act));
    }
    for Exchange { request, response, .. } in &mut recording.upstream {
        act(&mut request.path);
        request.query.values_mut().for_each(|value| leaves(value, act));
        request.form.iter_mut().flat_map(Map::values_mut).for_each(|value| leaves(value, act));
        request.headers.values_mut().chain(response.headers.values_mut()).for_each(&mut *act);
        request.text.iter_mut().chain(&mut response.text).for_each(&mut *act);
        let variables = request.graphql.iter_mut().map(|graphql| &mut graphql.variables);
        request.json.iter_mut().chain(&mut response.json).chain(variables).for_each(|value| leaves(value, act));
    }
    leaves(&mut recording.reply, act);
}

fn leaves(value: &mut Value, act: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| leaves(value, act)),
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, act)),
        Value::String(text) => act(text),
        _ => {}
    }
}

/// Shows a finder everything.
pub(super) fn find(recording: &Recording, finder: &mut Finder<'_>) {
    let request = &recording.request;
    if let Some(CaseUser { id, email, phone }) = &request.user {
        if id.chars().count() >= USER_CHARS_MIN {
            finder.add_as(id, USER);
        }
        email.iter().for_each(|email| finder.add(Kind::Email, email));
        phone.iter().for_each(|phone| finder.add(Kind::Phone, phone));
    }
    finder.by_name(&request.input);
    request.settings.iter().chain(request.cache.values()).for_each(|value| finder.by_name(value));
    for intent in &request.intents {
        std::iter::once(&intent.input).chain(&intent.output).for_each(|value| finder.by_name(value));
    }
    for Exchange { request, response, .. } in &recording.upstream {
        std::iter::once(&request.query).chain(&request.form).for_each(|map| finder.members(map));
        let headers = request.headers.iter().chain(&response.headers);
        headers.for_each(|(name, value)| finder.parameter(name, value));
        let decoded = percent_encoding::percent_decode_str(&request.path).decode_utf8_lossy();
        finder.text(&decoded);
        request.text.iter().chain(&response.text).for_each(|text| finder.text(text));
        let variables = request.graphql.iter().map(|graphql| &graphql.variables);
        request.json.iter().chain(&response.json).chain(variables).for_each(|body| finder.by_name(body));
    }
    finder.by_name(&recording.reply);
}

/// Replaces what was found.
pub(super) fn mask(recording: &mut Recording, masks: &Masks) {
    let request = &mut recording.request;
    masks.value(&mut request.input);
    request.settings.iter_mut().chain(request.cache.values_mut()).for_each(|value| masks.value(value));
    if let Some(CaseUser { id, email, phone }) = &mut request.user {
        USER.clone_into(id);
        email.iter_mut().chain(phone).for_each(|text| *text = masks.alone(text));
    }
    for intent in &mut request.intents {
        masks.value(&mut intent.input);
        intent.output.iter_mut().chain(&mut intent.failure).for_each(|value| masks.value(value));
    }
    for Exchange { request, response, .. } in &mut recording.upstream {
        request.path = masks.path(&request.path);
        masks.members(&mut request.query);
        request.form.iter_mut().for_each(|form| masks.members(form));
        let headers = request.headers.values_mut().chain(response.headers.values_mut());
        headers.chain(&mut request.text).chain(&mut response.text).for_each(|text| *text = masks.text(text));
        let variables = request.graphql.iter_mut().map(|graphql| &mut graphql.variables);
        request.json.iter_mut().chain(&mut response.json).chain(variables).for_each(|value| masks.value(value));
    }
    masks.value(&mut recording.reply);
}
