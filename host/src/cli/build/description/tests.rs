use serde_json::json;

use super::*;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("connector.toml"), "id = \"acme\"\nintents = [\n  \"acme.note.get\",\n]\n").unwrap();
    dir
}

fn spec(template: &str) -> IntentSpec {
    IntentSpec {
        name: "acme.note.get".to_owned(),
        effect: Effect::Read,
        title: "Note".to_owned(),
        description: "Reads a note.".to_owned(),
        input_schema: json!({ "type": "object" }),
        output_schema: json!({ "type": "object", "properties": { "due": { "type": "string" } } }),
        template: Some(template.to_owned()),
    }
}

#[test]
fn a_template_that_works_is_taken_and_a_bad_one_is_refused_with_intent_and_line() {
    let dir = folder();
    let said = |template: &str| check_words(dir.path(), &spec(template)).map_err(|error| error.to_string());
    assert_eq!(said("Due {{ due | date }}.\n{% if note %}{{ note.text | sentence }}.{% endif %}"), Ok(()));
    let cases = [
        ("Due.\n{{ due | date }.", "in line 2: syntax error"),
        ("Due.\n\n{{ due | dat }}.", "in line 3: unknown filter: filter dat is unknown"),
        ("{% if due is ripe %}Ripe.{% endif %}", "in line 1: unknown test"),
        ("{{ plurals(due) }}", "in line 1: unknown function"),
    ];
    for (template, expected) in cases {
        let said = said(template).unwrap_err();
        assert!(said.contains("connector.toml:3: the `template` of `acme.note.get` is wrong"), "{said}");
        assert!(said.contains(expected) && said.contains("help: mend it"), "{said}");
    }
}

#[test]
fn a_keyword_of_the_host_that_is_misspelt_is_refused_with_the_intent_and_what_there_is() {
    let dir = folder();
    let mut spec = spec("Due.");
    spec.output_schema["properties"]["due"]["x-mask"] = json!("all");
    assert!(check_schemas(dir.path(), &spec).is_ok());
    spec.output_schema["properties"]["due"]["x-mask"] = json!("every");
    let said = check_schemas(dir.path(), &spec).unwrap_err().to_string();
    let place = "connector.toml:3: the `output_schema` of `acme.note.get` is wrong at `/properties/due/x-mask`";
    assert!(said.contains(place) && said.contains("help: `x-mask` takes `email`"), "{said}");
}
