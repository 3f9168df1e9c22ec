//! What an author meets: messages of failed tests word for word, the conformance kit on every connector that we ship,
//! and the template's whole story from `jackfield new` to a component that passes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock};

use jackfield_sandbox::{Connector, Sandbox, SandboxConfig};
use jackfield_tests::{guests, plugin, root};
use jackfield_trial::{Filter, Outcome, Paint, Report, Suite, TABLE, Trial, junit, text};
use serde_json::{Value, json};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let config = SandboxConfig { calls_in_flight_max: 64, ..SandboxConfig::default() };
    Sandbox::new(&config).expect("a sandbox")
});

/// A connector with a folder of fixtures made for one test.
struct Bench {
    trial: Arc<Trial>,
    id: String,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// `cases` are the name and the three files; a file that is null is not written.
    fn new(guest: &str, cases: &[(&str, Value, Value, Value)]) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        for (name, request, upstream, reply) in cases {
            let case = dir.path().join(format!("fixtures/{guest}.run/{name}"));
            fs::create_dir_all(&case).unwrap();
            for (file, value) in [("request.json", request), ("upstream.json", upstream), ("reply.json", reply)] {
                if !value.is_null() {
                    fs::write(case.join(file), value.to_string()).unwrap();
                }
            }
        }
        let connector = SANDBOX.load(&guests::package(guest)).unwrap();
        Bench { trial: trial(connector, dir.path()), id: guest.to_owned(), _dir: dir }
    }

    fn report(&self, outcomes: Vec<Outcome>) -> Report {
        Report { connector: self.id.clone(), version: "0.1.0".to_owned(), duration: Default::default(), outcomes }
    }

    async fn fixture(&self, case: &str) -> Report {
        self.report(self.trial.fixtures(&Filter::new(Some(case.to_owned()))).await)
    }
}

fn trial(connector: Arc<Connector>, folder: &Path) -> Arc<Trial> {
    Arc::new(Trial::new(connector, folder).unwrap())
}

/// Holds a text against `tests/golden/trial/NAME.txt`.
fn golden(name: &str, found: &str) {
    let path = root().join(format!("tests/golden/trial/{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "golden/trial/{name}.txt differs; if that is meant, run with UPDATE_GOLDEN=1\n{found}");
}

fn order(number: u64, status: &str) -> Value {
    json!({
        "request": { "path": format!("/orders/{number}"), "query": { "fields": "id,status" } },
        "response": { "json": { "id": number, "status": status } }
    })
}

/// What the guest `healthy` says of `requests` orders.
fn reply(requests: u64, status: &str) -> Value {
    let answers: Vec<Value> = (1..=requests)
        .map(|n| json!({ "status": 200, "body": json!({ "id": n, "status": status }).to_string() }))
        .collect();
    let input = json!({ "requests": requests });
    json!({ "output": { "intent": "healthy.run", "locale": "en", "input": input, "answers": answers } })
}

fn request(requests: u64) -> Value {
    json!({ "input": { "requests": requests } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_otherwise_is_told_by_file_and_place() {
    let mut far = order(1, "open");
    far["request"]["query"]["fields"] = json!("id");
    far["request"]["method"] = json!("POST");
    let cases = [
        ("passes", request(1), json!([order(1, "open")]), reply(1, "open")),
        ("another_reply", request(1), json!([order(1, "open")]), reply(1, "shipped")),
        ("unused_exchange", request(1), json!([order(1, "open"), order(2, "open")]), reply(1, "open")),
        ("unexpected_exchange", request(1), json!([far]), reply(1, "open")),
        ("one_too_many", request(2), json!([order(1, "open")]), reply(1, "open")),
        ("misspelt", json!({ "inptu": {} }), Value::Null, json!({})),
        ("no_such_secret", json!({ "secrets": { "token": "t" } }), Value::Null, json!({})),
        ("no_such_setting", json!({ "settings": { "shop": "demo" } }), Value::Null, json!({})),
    ];
    let bench = Bench::new("healthy", &cases);
    for (name, ..) in cases {
        let report = bench.fixture(name).await;
        assert_eq!(report.passed(), name == "passes", "{name}");
        golden(name, &text(&report, Paint::plain()));
    }
    let coloured = text(&bench.fixture("another_reply").await, Paint::coloured());
    assert!(coloured.contains("\u{1b}[31m-") && coloured.contains("\u{1b}[32m+"), "{coloured}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_panics_says_why() {
    let bench = Bench::new("panic", &[("panics", json!({}), Value::Null, json!({ "output": {} }))]);
    golden("panic", &text(&bench.fixture("panics").await, Paint::plain()));
}

/// The guest tells every error as if it were an answer: nothing that the kit asks for is right.
#[tokio::test(flavor = "multi_thread")]
async fn the_kit_finds_a_connector_that_tells_errors_as_answers() {
    let bench = Bench::new("healthy", &[("found", request(1), json!([order(1, "open")]), reply(1, "open"))]);
    let outcomes = bench.trial.conformance(&Filter::new(None)).await;
    for fault in ["status 401", "status 404", "status 429 with Retry-After", "timeout", "reset", "HTML instead of JSON"]
    {
        let outcome = outcomes.iter().find(|outcome| outcome.case == fault).unwrap();
        assert!(!outcome.passed(), "{fault}");
    }
    let lied: Vec<Outcome> = outcomes.into_iter().filter(|outcome| outcome.case == "status 404").collect();
    let report = bench.report(lied);
    golden("conformance", &text(&report, Paint::plain()));
    let xml = junit(&report).unwrap();
    for part in ["<testsuite name=\"healthy.conformance\"", "failures=\"1\"", "classname=\"healthy.healthy.run\""] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
}

/// Without a fixture the kit begins with a sample of the input, and the first request goes wrong.
#[tokio::test(flavor = "multi_thread")]
async fn the_kit_needs_no_fixture() {
    let id = "zendesk";
    let connector = SANDBOX.load_file(&plugin(id)).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let outcomes = trial(connector, empty.path()).conformance(&Filter::new(Some("ticket.status/".to_owned()))).await;
    let report = Report { connector: id.to_owned(), version: String::new(), duration: Default::default(), outcomes };
    assert!(report.passed(), "{}", text(&report, Paint::plain()));
    let calls = |fault: &str| report.outcomes.iter().find(|o| o.case == fault).map_or(0, |o| o.calls);
    assert!(calls("status 401") > 0 && calls("timeout") > 0, "nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_passes_its_fixtures_and_the_kit_with_no_exception() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("plugins")).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.join("connector.toml").exists() {
            continue;
        }
        seen += 1;
        let id = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let trial = trial(SANDBOX.load_file(&plugin(&id)).unwrap(), &dir);
        let mut outcomes = trial.fixtures(&Filter::default()).await;
        outcomes.extend(trial.conformance(&Filter::default()).await);
        let calls = |suite| outcomes.iter().filter(|o| o.suite == suite).map(|o| o.calls).sum::<usize>();
        assert!(calls(Suite::Fixtures) > 10 && calls(Suite::Conformance) > 100, "{id}: little was tried");
        let report = Report { connector: id.clone(), version: String::new(), duration: Default::default(), outcomes };
        assert!(report.passed(), "{id}\n{}", text(&report, Paint::plain()));
    }
    let listed = fs::read_dir(root().join("plugins")).unwrap();
    let folders = listed.filter(|entry| entry.as_ref().unwrap().path().join("Cargo.toml").exists()).count();
    assert_eq!(seen, folders, "a connector without a manifest is tried by nobody");
}

/// Not by our SDK and not by cargo: what the contract and the schemas alone are good for.
#[tokio::test(flavor = "multi_thread")]
async fn every_connector_in_another_language_passes_its_fixtures_and_the_kit() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("plugins/examples")).unwrap() {
        let dir = entry.unwrap().path();
        let id = dir.file_name().unwrap().to_str().unwrap().to_owned();
        seen += 1;
        assert!(dir.join("README.md").exists(), "{id} has no README.md");
        let file = root().join(format!("dist/examples/{id}.wasm"));
        assert!(file.exists(), "{} is not there: run `make javascript`", file.display());
        let connector = SANDBOX.load_file(&file).unwrap();
        let foreign: Vec<_> = connector.imports().iter().filter(|i| !i.starts_with("jackfield:connector/")).collect();
        assert!(foreign.is_empty(), "{id}: {foreign:?}");
        let intents = connector.manifest().intents.clone();
        let trial = trial(connector, &dir);
        let mut outcomes = trial.fixtures(&Filter::default()).await;
        outcomes.extend(trial.conformance(&Filter::default()).await);
        for intent in intents {
            let of_intent = outcomes.iter().filter(|outcome| outcome.intent == intent);
            let calls = |suite| of_intent.clone().filter(|o| o.suite == suite).map(|o| o.calls).sum::<usize>();
            assert!(calls(Suite::Fixtures) > 0 && calls(Suite::Conformance) > 10, "{intent}: little was tried");
        }
        let report = Report { connector: id.clone(), version: String::new(), duration: Default::default(), outcomes };
        let said = text(&report, Paint::plain());
        assert!(report.passed(), "{id}\n{said}");
        if id == "tidy-desk" {
            printed_in("other-languages.md", &said);
        }
    }
    assert!(seen > 0, "the examples are gone");
}

/// What was compiled by other means is packaged as it is; nothing of the author's is run for it but `describe`.
#[test]
fn a_component_of_another_language_is_packaged_under_its_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let guest = root().join("dist/guests/healthy.wasm");
    let guest = guest.to_str().unwrap();
    let said = |expected: i32, args: &[&str]| {
        let (code, said) = jackfield(dir.path(), &[&["--log", "warn"], args].concat());
        assert_eq!(code, expected, "{said}");
        said
    };
    let refused = said(4, &["build"]);
    assert!(refused.contains("`jackfield new NAME` begins one"), "{refused}");
    let refused = said(4, &["build", "--component", "gone.wasm"]);
    assert!(refused.contains("gone.wasm is not there: compile the connector first"), "{refused}");
    let refused = said(4, &["build", "one", "two", "--component", guest]);
    assert!(refused.contains("`--component` is one connector's"), "{refused}");
    said(2, &["build", "--bare", "--component", guest]);

    fs::write(dir.path().join("connector.toml"), guests::manifest("healthy")).unwrap();
    let refused = said(4, &["build"]);
    let hint = "Cargo.toml is not there; what cargo does not compile is given with `--component FILE`";
    assert!(refused.contains(hint), "{refused}");
    let refused = said(4, &["build", "--component", guest]);
    assert!(refused.contains("`describe` did not return what the contract says"), "{refused}");
    assert!(!dir.path().join("dist/healthy.wasm").exists());

    let zendesk = root().join("plugins/zendesk");
    said(0, &["build", zendesk.to_str().unwrap(), "--component", plugin("zendesk").to_str().unwrap()]);
    assert!(fs::read(dir.path().join("dist/zendesk.wasm")).unwrap() == fs::read(plugin("zendesk")).unwrap());
}

#[test]
fn the_documentation_has_every_row_of_the_table() {
    let page = fs::read_to_string(root().join("docs/testing-connectors.md")).unwrap();
    for row in TABLE {
        let kinds = row.kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let kinds = if kinds.is_empty() { "none".to_owned() } else { kinds };
        let line = format!("| {} | {kinds} | {} | {} |", row.fault, row.output.words(), row.why);
        assert!(page.contains(&line), "docs/testing-connectors.md lacks\n{line}");
    }
}

/// What a chapter prints as the outcome of `jackfield test` is the outcome.
fn printed_in(chapter: &str, said: &str) {
    let text = fs::read_to_string(root().join("docs").join(chapter)).unwrap();
    let lines: Vec<_> =
        text.lines().filter(|l| l.starts_with("fixtures  ") || l.starts_with("conformance  ")).collect();
    assert_eq!(lines.len(), 2, "docs/{chapter}");
    for line in lines {
        assert!(said.contains(line), "docs/{chapter} prints\n{line}\nof\n{said}");
    }
}

/// Each domain of the template.
const DOMAINS: [&str; 7] = ["commerce", "crm", "helpdesk", "hr", "it", "finance", "erp"];

/// Where `make template` has begun one of each domain.
fn story() -> PathBuf {
    let dir = root().join("target/story");
    assert!(dir.join("new-commerce").exists(), "{} is not there: run `make template`", dir.display());
    dir
}

fn jackfield(dir: &Path, args: &[&str]) -> (i32, String) {
    run(Command::new(env!("CARGO_BIN_EXE_jackfield-under-test")).args(args).current_dir(dir))
}

fn run(command: &mut Command) -> (i32, String) {
    let command = command.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code().unwrap_or(-1), said)
}

#[test]
fn a_new_connector_of_each_domain_passes_its_tests_as_it_is() {
    let (code, said) = run(Command::new(env!("CARGO")).args(["test", "--workspace"]).current_dir(story()));
    assert_eq!(code, 0, "{said}");
    // And the tutorial's.
    assert_eq!(said.matches("every_fixture_is_answered_as_recorded ... ok").count(), DOMAINS.len() + 1, "{said}");
}

#[test]
fn a_new_connector_of_each_domain_conforms_as_it_is() {
    let packages = root().join("dist/template");
    let packages = packages.to_str().unwrap();
    for domain in DOMAINS {
        let dir = story().join(format!("new-{domain}"));
        let (code, said) = jackfield(&dir, &["--log", "warn", "test", "--no-build", "--out", packages]);
        assert_eq!(code, 0, "{domain}: {said}");
        assert!(said.contains("fixtures     2 passed, 0 failed"), "{said}");
        assert!(said.contains("conformance") && said.contains(" 0 failed"), "{said}");
    }
}

/// Nothing of the folder, the machine or the hour is in a component.
#[test]
fn two_builds_in_two_folders_give_the_same_bytes() {
    story();
    let read = |folder: &str| fs::read(root().join("dist").join(folder).join("new-commerce.wasm")).unwrap();
    let (one, other) = (read("template"), read("again"));
    assert!(one == other, "{} and {} bytes differ", one.len(), other.len());
    let here = root().display().to_string();
    assert!(!one.windows(here.len()).any(|window| window == here.as_bytes()), "the folder {here} is in the component");
}

#[test]
fn the_tutorials_connector_passes_its_tests_and_conforms() {
    let packages = root().join("dist/template");
    let arguments = ["--log", "warn", "test", "--no-build", "--out", packages.to_str().unwrap()];
    let (code, said) = jackfield(&story().join("lantern"), &arguments);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("fixtures     3 passed, 0 failed"), "{said}");
    assert!(said.contains("conformance") && said.contains(" 0 failed"), "{said}");
}

#[test]
fn a_new_connector_is_what_the_template_holds_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = [\"*\"]\n").unwrap();
    let sdk = root().join("sdk");
    let arguments = ["new", "acme-shop", "--domain", "erp", "--sdk", sdk.to_str().unwrap()];
    let (code, said) = jackfield(dir.path(), &arguments);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("cd acme-shop\ncargo test\njackfield test\n"), "{said}");
    assert!(said.contains("it is a member of the workspace"), "{said}");
    let read = |file: &str| fs::read_to_string(dir.path().join("acme-shop").join(file)).unwrap();
    assert!(read("connector.toml").contains("id = \"acme-shop\""));
    assert!(read("src/lib.rs").contains("pub struct AcmeShop;"));
    assert!(read("tests/replay.rs").contains("acme_shop::AcmeShop"));
    assert!(read("README.md").starts_with("# Acme Shop\n") && read("README.md").contains("`stock.check`"));
    assert!(read(".gitignore").contains("/target"));
    fs::write(dir.path().join("acme-shop/src/lib.rs"), "mine").unwrap();
    let (code, said) = jackfield(dir.path(), &arguments);
    assert_eq!((code, read("src/lib.rs").as_str()), (1, "mine"), "{said}");
}

#[test]
fn a_folder_below_a_workspace_that_does_not_know_it_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = [\"plugins/*\"]\n").unwrap();
    let (code, said) = jackfield(dir.path(), &["new", "acme", "--dir", "elsewhere/acme"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("it is a workspace of its own"), "{said}");
    let manifest = fs::read_to_string(dir.path().join("elsewhere/acme/Cargo.toml")).unwrap();
    assert!(manifest.contains("\n[workspace]\n") && manifest.contains("jackfield-sdk = \"0."), "{manifest}");
    let (code, said) = jackfield(dir.path(), &["new", "Not_A_Name"]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn a_failed_test_ends_with_the_exit_code_of_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dist")).unwrap();
    fs::write(dir.path().join("connector.toml"), guests::manifest("healthy")).unwrap();
    fs::write(dir.path().join("dist/healthy.wasm"), guests::package("healthy")).unwrap();
    let case = dir.path().join("fixtures/healthy.run/case");
    fs::create_dir_all(&case).unwrap();
    fs::write(case.join("request.json"), request(0).to_string()).unwrap();
    let run = || jackfield(dir.path(), &["--log", "warn", "test", "--no-build", "--fixtures-only", "--json"]);
    let (code, said) = run();
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("failed to read reply.json"), "{said}");
    fs::write(case.join("reply.json"), reply(0, "").to_string()).unwrap();
    let (code, said) = run();
    assert_eq!(code, 0, "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["connector"], &report["outcomes"][0]["case"]), (&json!("healthy"), &json!("case")));
    let (code, _) = jackfield(dir.path(), &["test", "--no-build", "--filter", "nothing-is-called-so"]);
    assert_eq!(code, 2);
}
