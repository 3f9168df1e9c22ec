//! The house keeps its rooms: what each connector's folder must hold.

use std::fs;

use jackfield_core::manifest::Manifest;
use jackfield_tests::root;

#[test]
fn every_connector_has_its_manifest_readme_fixtures_and_a_simulated_system() {
    let catalogue = fs::read_to_string(root().join("plugins/README.md")).unwrap();
    let mocks = fs::read_to_string(root().join("tests/mocks/src/systems.rs")).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("plugins")).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.join("Cargo.toml").exists() {
            continue;
        }
        seen += 1;
        let id = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let text =
            fs::read_to_string(dir.join("connector.toml")).unwrap_or_else(|e| panic!("{id}/connector.toml: {e}"));
        let manifest = Manifest::parse(&text).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(manifest.id, id, "the folder is named after the connector");
        // Who speaks no vendor's API has no vendor's types and codes.
        let of_vendor = if manifest.endpoints.is_empty() { &[][..] } else { &["src/wire.rs", "src/names.rs"] };
        for room in ["README.md", "src/lib.rs", "src/faults.rs", "tests/replay.rs"].iter().chain(of_vendor) {
            assert!(dir.join(room).exists(), "{id} has no {room}");
        }
        for intent in &manifest.intents {
            let file = dir.join("src/intents").join(format!("{}.rs", intent.replace('.', "_")));
            assert!(file.exists(), "{id}: `{intent}` has no {}", file.display());
            let cases = fs::read_dir(dir.join("fixtures").join(intent)).map(Iterator::count).unwrap_or_default();
            assert!(cases > 0, "{id}: `{intent}` has no fixture");
        }
        assert!(catalogue.contains(&format!("[`{id}`]")), "{id} has no row in plugins/README.md");
        // One that only asks other connectors has no system of its own.
        let is_simulated = mocks.contains(&format!("\"{id}\""));
        assert!(is_simulated || manifest.endpoints.is_empty(), "{id} has no simulated system");
    }
    assert!(seen >= 2, "the plugins are gone");
}

#[test]
fn every_guest_is_used_by_a_test_or_a_bench() {
    let tests: String = [
        "tests/benches/call.rs",
        "tests/benches/servers.rs",
        "tests/it/author.rs",
        "tests/it/guests.rs",
        "tests/it/operator.rs",
        "tests/it/settle.rs",
        "tests/it/upstream.rs",
    ]
    .iter()
    .map(|file| fs::read_to_string(root().join(file)).unwrap())
    .collect();
    let sandbox: String = fs::read_dir(root().join("host/sandbox/tests/it"))
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .collect();
    for entry in fs::read_dir(root().join("tests/guests")).unwrap() {
        let dir = entry.unwrap().path();
        if dir.join("Cargo.toml").exists() {
            let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(
                tests.contains(&format!("\"{name}\"")) || sandbox.contains(&format!("\"{name}\"")),
                "guest {name} has no test"
            );
        }
    }
}

#[test]
fn every_file_opens_with_what_it_answers_for_and_holds_one_idea() {
    let mut folders =
        vec!["host", "sdk", "plugins", "tests", "docs"].into_iter().map(|f| root().join(f)).collect::<Vec<_>>();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "target-guests", "node_modules"].contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(".js") {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.starts_with("// "), "{} does not say what it answers for", path.display());
            } else if name.ends_with(".rs") {
                seen += 1;
                let text = fs::read_to_string(&path).unwrap();
                // Tests of a module stand in a file of their own and say so by their name.
                let tests = name == "tests.rs";
                assert!(tests || text.starts_with("//! "), "{} does not say what it answers for", path.display());
                assert!(text.lines().count() < 620, "{} holds more than one idea", path.display());
                assert!(
                    name != "mod.rs" && !["utils.rs", "common.rs", "helpers.rs", "misc.rs"].contains(&name.as_str()),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(seen > 100, "the code is gone");
}
