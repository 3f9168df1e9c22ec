//! `jackfield inspect OLD NEW`: what an operator is told before one file replaces the other.

use std::process::Command;

use jackfield_tests::guests;
use serde_json::Value;

fn inspect(old: &str, new: &str, more: &[&str]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    guests::write(dir.path(), "old", &guests::package_with("healthy", old.to_owned()));
    guests::write(dir.path(), "new", &guests::package_with("healthy", new.to_owned()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
    let output = command.args(["inspect", "old.wasm", "new.wasm"]).args(more).current_dir(dir.path()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_a_newer_version_asks_for_is_told_and_is_an_exit_code() {
    let old = guests::manifest("healthy");
    let more = old.replace("\"read GET /slow\"", "\"read GET /slow\", \"write DELETE /orders/*\"");
    let (code, said) = inspect(&old, &format!("{more}\n[[secret]]\nname = \"key\"\npurpose = \"Signs.\"\n"), &[]);
    assert_eq!(code, 7, "{said}");
    assert_eq!(
        said,
        "healthy 0.1.0 -> healthy 0.1.0\n\
         asks for more\n  \
           + endpoint.api: sends `write DELETE /orders/*`\n  \
           + secret.key: needs the secret `key`: Signs.\n\
         it asks for more\n"
    );
    let (code, said) = inspect(&more, &old, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("- endpoint.api: sends `write DELETE /orders/*`"), "{said}");
    assert!(said.ends_with("it asks for nothing more and breaks nothing\n"), "{said}");
}

#[test]
fn a_script_reads_the_same_as_json() {
    let old = guests::manifest("healthy");
    let setting = format!("{old}\n[setting.region]\ntype = \"string\"\ndescription = \"Where.\"\nrequired = true\n");
    let (code, said) = inspect(&old, &setting, &["--json"]);
    assert_eq!(code, 7, "{said}");
    let upgrade: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&upgrade["asks_for_more"], &upgrade["breaks"]), (&Value::from(false), &Value::from(true)), "{said}");
    assert_eq!(upgrade["settings"][0]["pointer"], "/properties/region", "{said}");
    assert_eq!(upgrade["settings"][0]["breaks"], true, "{said}");
}
