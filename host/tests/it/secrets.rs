//! `jackfield secrets`, run as an operator runs it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const CONFIG: &str = r#"
[vault]
file = "secrets.vault"
master_key = "file:FOLDER/master.key"

[connector.shopify]
file = "not-built-yet.wasm"

[connection.shop]
connector = "shopify"
tenant = "acme"

[connection.shop.secrets]
access_token = "vault:"
"#;

#[test]
fn the_binary_takes_a_value_from_standard_input_and_says_nothing_of_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let config = CONFIG.replace("FOLDER", folder.to_str().unwrap());
    std::fs::write(folder.join("jackfield.toml"), config).unwrap();
    for (verb, value, code) in [
        (&["secrets", "init"][..], "", 0),
        (&["secrets", "set", "shop", "access_token"], "shpat_planted\n", 0),
        (&["secrets", "set", "shop", "access_token"], "shpat_planted\nsecond line\n", 1),
        (&["secrets", "set", "shop", "access_token", "shpat_planted"], "", 2),
        (&["secrets", "set", "shop", "acess_token"], "shpat_planted", 2),
        (&["secrets", "rotate", "shop", "access_token"], "shpat_planted2", 0),
        (&["secrets", "rekey"], "", 0),
        (&["secrets", "rekey", "--to", "shpat_planted"], "", 2),
        (&["secrets", "init"], "", 1),
    ] {
        let output = binary(folder, verb, value);
        assert_eq!(output.code, Some(code), "{verb:?}: {}", output.talk);
        // An argument is repeated by nobody but clap, which does not know what it is.
        if !verb.contains(&"shpat_planted") || verb.contains(&"--to") {
            assert!(!output.text.contains("planted") && !output.talk.contains("planted"), "{}", output.talk);
        }
    }
}

struct Output {
    code: Option<i32>,
    text: String,
    talk: String,
}

fn binary(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jackfield"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A verb that takes no value may be done before it could be given one.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Output {
        code: output.status.code(),
        text: String::from_utf8(output.stdout).unwrap(),
        talk: String::from_utf8(output.stderr).unwrap(),
    }
}
