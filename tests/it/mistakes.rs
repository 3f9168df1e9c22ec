//! The mistakes that authors make most, each really made, and what the command line says: which file, which line, what to
//! do. Word for word in `tests/golden/mistakes`; `UPDATE_GOLDEN=1` writes them.

use std::fs;
use std::path::Path;
use std::process::Command;

use jackfield_tests::{guests, root};
use serde_json::{Value, json};

/// A folder `acme` in a folder of its own, where the author stands.
struct Author {
    dir: tempfile::TempDir,
}

impl Author {
    /// With what `jackfield new` makes.
    fn new() -> Author {
        let author = Author { dir: tempfile::tempdir().unwrap() };
        let sdk = root().join("sdk");
        let (code, said) = author.run(&["new", "acme", "--sdk", sdk.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}");
        author
    }

    /// With a connector that is built already: one of the tests' guests under a manifest.
    fn packaged(guest: &str, manifest: &str) -> Author {
        let author = Author { dir: tempfile::tempdir().unwrap() };
        author.write("acme/connector.toml", manifest);
        fs::create_dir(author.dir.path().join("dist")).unwrap();
        let package = guests::package_with(guest, manifest.to_owned());
        fs::write(author.dir.path().join(format!("dist/{guest}.wasm")), package).unwrap();
        author
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A case, written as a person would.
    fn case(&self, case: &str, request: Value, upstream: Value, reply: Value) {
        for (name, value) in [("request.json", request), ("upstream.json", upstream), ("reply.json", reply)] {
            let text = serde_json::to_string_pretty(&value).unwrap();
            self.write(&format!("acme/fixtures/{case}/{name}"), &text);
        }
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.dir.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "`{from}` is not in {file}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        self.run_with(args, |command| command)
    }

    fn run_with(&self, args: &[&str], with: impl FnOnce(&mut Command) -> &mut Command) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
        command.args(["--log", "warn"]).args(args).current_dir(self.dir.path()).env("CARGO_NET_OFFLINE", "true");
        let output = with(&mut command).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), said)
    }

    fn build(&self) -> (i32, String) {
        self.run(&["build", "acme"])
    }

    fn test(&self) -> (i32, String) {
        self.run(&["test", "acme", "--no-build", "--fixtures-only"])
    }
}

/// Holds what was said against `tests/golden/mistakes/NAME.txt`.
fn golden(name: &str, (code, said): (i32, String)) {
    // How long it took is another each time.
    let lines = said.lines().filter(|line| !(line.contains(" in ") && line.ends_with(" s")));
    let found: String =
        std::iter::once(format!("exit code {code}\n")).chain(lines.map(|line| format!("{line}\n"))).collect();
    let path = root().join(format!("tests/golden/mistakes/{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == found,
        "golden/mistakes/{name}.txt differs; if that is meant, run with UPDATE_GOLDEN=1\n{found}"
    );
    assert_ne!(code, 0, "a mistake is no success");
}

fn order() -> Value {
    json!([{
        "request": { "path": "/orders/1", "query": { "fields": "id,status" } },
        "response": { "json": { "id": 1, "status": "open" } }
    }])
}

fn reply(status: &str) -> Value {
    let body = json!({ "id": 1, "status": status }).to_string();
    let answers = json!([{ "status": 200, "body": body }]);
    json!({ "output": { "intent": "healthy.run", "locale": "en", "input": { "requests": 1 }, "answers": answers } })
}

#[test]
fn a_wrong_path_in_the_manifest() {
    let author = Author::new();
    author.edit("acme/connector.toml", "read GET /v1/orders", "read GET v1/orders");
    golden("wrong_path", author.build());
}

#[test]
fn a_secret_that_nothing_declares() {
    let author = Author::new();
    author.edit("acme/connector.toml", "secret = \"api_token\"", "secret = \"token\"");
    golden("unknown_secret", author.build());
}

#[test]
fn a_manifest_that_is_no_toml() {
    let author = Author::new();
    author.edit("acme/connector.toml", "version = \"0.1.0\"", "version = 0.1.0");
    golden("invalid_toml", author.build());
}

#[test]
fn a_schema_that_is_none() {
    let author = Author::new();
    author.write(
        "acme/schemas/input.json",
        "{\n  \"type\": \"object\",\n  \"properties\": {\n    \"n\": { \"type\": \"int\" }\n  }\n}\n",
    );
    golden("bad_schema", author.build());
    author.write("acme/schemas/input.json", "{\n  \"type\": \"object\",\n}\n");
    golden("bad_schema_json", author.build());
}

#[test]
fn a_machine_without_the_target() {
    let author = Author::new();
    // A compiler that knows no such target, in front of the one that may.
    author.write("bin/rustc", "#!/bin/sh\ncase \"$2\" in host-tuple) echo none ;; *) echo /nowhere ;; esac\n");
    let bin = author.dir.path().join("bin");
    let mut mode = fs::metadata(bin.join("rustc")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    fs::set_permissions(bin.join("rustc"), mode).unwrap();
    let path =
        std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    golden("missing_target", author.run_with(&["build", "acme"], |command| command.env("PATH", path.unwrap())));
}

#[test]
fn a_request_that_the_manifest_does_not_grant() {
    let manifest = guests::manifest("healthy").replace("\"read GET /orders/*\", ", "");
    let author = Author::packaged("healthy", &manifest);
    author.case("healthy.run/found", json!({ "input": { "requests": 1 } }), order(), reply("open"));
    golden("missing_grant", author.test());
}

#[test]
fn a_reply_that_is_another() {
    let author = Author::packaged("healthy", &guests::manifest("healthy"));
    author.case("healthy.run/found", json!({ "input": { "requests": 1 } }), order(), reply("shipped"));
    golden("fixture_mismatch", author.test());
}

#[test]
fn a_panic_in_the_connector() {
    let author = Author::packaged("panic", &guests::manifest("panic"));
    author.case("panic.run/case", json!({}), json!([]), json!({ "output": {} }));
    golden("panic", author.test());
}

#[test]
fn a_connector_that_computes_for_ever() {
    let author = Author::packaged("loop", &guests::manifest("loop"));
    author.case("loop.run/case", json!({}), json!([]), json!({ "output": {} }));
    golden("budget_exceeded", author.test());
}

#[test]
fn a_connector_of_another_contract() {
    let author = Author::packaged("future", &guests::manifest("future"));
    author.write(
        "acme/Cargo.toml",
        "[package]\nname = \"acme\"\nversion = \"0.1.0\"\n\n[dependencies]\njackfield-sdk = \"9.0\"\n",
    );
    golden("stale_contract", author.test());
}

/// Each golden text is of use: it names a file with its line, and says what to do.
#[test]
fn every_message_names_file_line_and_remedy() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("tests/golden/mistakes")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        seen += 1;
        let has_line = text.split([' ', '\n', '(']).any(|word| {
            let mut parts = word.split(':');
            let file = parts.next().is_some_and(|file| Path::new(file).extension().is_some());
            file && parts
                .next()
                .is_some_and(|line| line.split('#').next().is_some_and(|line| line.parse::<u32>().is_ok()))
        });
        // A machine that lacks a compiler is no line of a file.
        assert!(has_line || path.ends_with("missing_target.txt"), "{} names no line\n{text}", path.display());
        let has_remedy = text.contains("help: ") || text.contains("    = ");
        assert!(has_remedy, "{} says not what to do\n{text}", path.display());
    }
    assert!(seen >= 10, "only {seen} mistakes");
}
