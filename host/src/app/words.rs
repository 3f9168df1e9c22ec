//! The words of a host: the catalogue's, those that connectors bring, and the operator's on top. Each that cannot be used is
//! put where it comes from: a connector's text is its author's to mend, not the configuration's.

use jackfield_core::intent::IntentSpec;
use jackfield_render::{Renderer, TemplateError};

use crate::config::{Complaints, Config};
use crate::registry::Registry;

/// All words, compiled; nothing where one cannot be used.
pub(super) fn renderer(config: &Config, registry: &Registry, complaints: &mut Complaints) -> Option<Renderer> {
    let mut renderer = match Renderer::new([]) {
        Ok(renderer) => renderer,
        Err(error) => {
            complaints.push(
                None,
                format!("the catalogue's words: {error}"),
                "this `jackfield` is broken: take another",
            );
            return None;
        }
    };
    let mut all_well = true;
    for (id, connector) in registry.connectors() {
        for error in own(&connector.package().intents, &mut renderer) {
            let file = config.connectors.get(id).map(|section| section.get_ref().file.span());
            let version = &connector.manifest().version;
            let message = format!("connector `{id}` {version} brings a template that does not compile: {error}");
            complaints.push(file, message, "the connector's author must mend it; `jackfield build` refuses such a one");
            all_well = false;
        }
    }
    for written in &config.templates {
        let section = written.get_ref();
        if let Err(error) = renderer.add(&section.intent, &section.locale, section.text.as_str()) {
            let message = format!("a template does not compile: {error}");
            complaints.push(Some(written.span()), message, "see the template reference in the docs");
            all_well = false;
        }
    }
    words(registry, &mut renderer, complaints);
    all_well.then_some(renderer)
}

/// Adds what a connector brings for intents of its own, and says what of it cannot be used.
fn own(intents: &[IntentSpec], renderer: &mut Renderer) -> Vec<TemplateError> {
    let are_own = intents.iter().filter(|intent| jackfield_catalog::definition(&intent.name).is_none());
    let texts = are_own.filter_map(|intent| Some((intent, intent.template.as_deref()?)));
    texts.filter_map(|(intent, text)| renderer.add(&intent.name, "en", text).err()).collect()
}

/// The operator's words for what the host says: questions before a write, and around an answer that is not of now.
fn words(registry: &Registry, renderer: &mut Renderer, complaints: &mut Complaints) {
    let mut told = std::collections::BTreeSet::new();
    let mut check = |added: Result<(), TemplateError>, text: &toml::Spanned<String>, what: &str, hint: &str| {
        // One text may stand for many intents; it is wrong once.
        if let Err(error) = added
            && told.insert(text.span().start)
        {
            complaints.push(Some(text.span()), format!("{what} does not compile: {error}"), hint);
        }
    };
    for intent in registry.connections().flat_map(|connection| connection.intents.values()) {
        let name = &intent.spec.name;
        renderer.describe_input(name, &intent.spec.input_schema);
        for (locale, text) in intent.policy.sentences.questions() {
            let added = renderer.add_question(name, locale, text.get_ref());
            check(added, text, "a question", "it may use `title`, `details` and `input`");
        }
        for (locale, text) in intent.policy.sentences.stales() {
            let added = renderer.add_stale(name, locale, text.get_ref());
            check(added, text, "a text", "it may use `age`, `text`, `title` and `fetched_at`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_of_a_connector_that_does_not_compile_is_told_beside_one_that_does() {
        let spec = |name: &str, template: &str| IntentSpec {
            name: name.to_owned(),
            effect: jackfield_core::intent::Effect::Read,
            title: name.to_owned(),
            description: "Test.".to_owned(),
            input_schema: json!({}),
            output_schema: json!({}),
            template: Some(template.to_owned()),
        };
        let mut renderer = Renderer::new([]).unwrap();
        let wrong = own(&[spec("acme.a.get", "A {{ b }}."), spec("acme.b.get", "A\n{{ b }")], &mut renderer);
        let [wrong] = &wrong[..] else { panic!("{wrong:?}") };
        assert_eq!((wrong.intent.as_str(), wrong.line), ("acme.b.get", Some(2)));
    }
}
