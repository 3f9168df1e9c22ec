//! Sources that change, and sources that must not be used.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

fn entry(source: SecretSource) -> SecretEntry {
    SecretEntry { connection: "shop".to_owned(), name: "token".to_owned(), source }
}

fn write(path: &Path, value: &[u8], mode: u32) {
    std::fs::write(path, value).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn file(value: &[u8], mode: u32) -> (TempDir, PathBuf, Vault) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    write(&path, value, mode);
    let vault = Vault::new([entry(SecretSource::File(path.clone()))]);
    (folder, path, vault)
}

/// Reads as a request does: on a runtime of its own.
fn read(vault: &Vault) -> Result<Arc<SecretValue>, SecretProblem> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(vault.read("shop", "token"))
}

fn value(vault: &Vault) -> String {
    read(vault).ok().unwrap().expose().to_owned()
}

#[test]
fn a_variable_is_a_source() {
    // Cargo sets it for every test.
    let vault = Vault::new([entry(SecretSource::Env("CARGO_PKG_NAME".to_owned()))]);
    assert_eq!(value(&vault), "jackfield-egress");
    assert_eq!(vault.scrub("at jackfield-egress"), "at [redacted]");
    let vault = Vault::new([entry(SecretSource::Env("JACKFIELD_NOT_SET".to_owned()))]);
    let problem = vault.check("shop", "token").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "secret `token` of connection `shop` from `env:JACKFIELD_NOT_SET`: the environment variable is not set"
    );
    assert_eq!(problem.brief(), "secret `token` of connection `shop` (env): the environment variable is not set");
}

#[test]
fn a_name_without_a_source_is_a_problem() {
    let vault = Vault::new([]);
    let message = vault.check("shop", "token").unwrap_err().to_string();
    assert_eq!(message, "secret `token` of connection `shop`: the configuration gives it no source");
}

#[test]
fn a_file_is_read_again_when_it_changes_and_only_then() {
    let (folder, path, vault) = file(b"value-one\n", 0o600);
    assert_eq!(value(&vault), "value-one");
    // Old enough to be trusted by its stamp.
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
    let first = read(&vault).ok().unwrap();
    assert!(Arc::ptr_eq(&first, &read(&vault).ok().unwrap()));

    write(&path, b"value-two", 0o600);
    assert_eq!(value(&vault), "value-two");
    // Replaced as a whole.
    let next = folder.path().join("next");
    write(&next, b"value-333", 0o600);
    std::fs::rename(&next, &path).unwrap();
    assert_eq!(value(&vault), "value-333");
    std::fs::remove_file(&path).unwrap();
    assert!(vault.check("shop", "token").is_err());
}

#[test]
fn a_mounted_secret_behind_a_link_is_followed_when_the_link_moves() {
    let folder = TempDir::new().unwrap();
    let (one, two, link) = (folder.path().join("one"), folder.path().join("two"), folder.path().join("token"));
    write(&one, b"value-one", 0o400);
    write(&two, b"value-two", 0o400);
    symlink(&one, &link).unwrap();
    let vault = Vault::new([entry(SecretSource::File(link.clone()))]);
    assert_eq!(value(&vault), "value-one");
    std::fs::remove_file(&link).unwrap();
    symlink(&two, &link).unwrap();
    assert_eq!(value(&vault), "value-two");
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    for mode in [0o666, 0o620, 0o602] {
        let (_folder, _path, vault) = file(b"value-one", mode);
        let why = vault.check("shop", "token").unwrap_err().why;
        assert_eq!(why, Why::File(FileProblem::Writable { mode }));
    }
    let (_folder, _path, vault) = file(b"value-one", 0o644);
    assert_eq!(vault.check("shop", "token"), Ok(()));
}

#[test]
fn what_is_not_a_regular_file_is_refused() {
    let folder = TempDir::new().unwrap();
    for path in [folder.path().to_owned(), PathBuf::from("/dev/zero")] {
        let vault = Vault::new([entry(SecretSource::File(path))]);
        assert_eq!(vault.check("shop", "token").unwrap_err().why, Why::File(FileProblem::NotRegular));
    }
}

#[test]
fn a_value_that_cannot_be_used_is_a_problem_and_not_repeated() {
    let cases: [(&[u8], ValueProblem); 4] = [
        (b"", ValueProblem::Empty),
        (b"value-one\nvalue-two", ValueProblem::Broken),
        (b"value-one\xff", ValueProblem::NotText),
        (&[b'v'; (64 << 10) + 1], ValueProblem::TooLong),
    ];
    for (bytes, expected) in cases {
        let (_folder, _path, vault) = file(bytes, 0o600);
        let problem = vault.check("shop", "token").unwrap_err();
        assert_eq!(problem.why, Why::Value(expected));
        assert!(!problem.to_string().contains("value-") && !problem.to_string().contains("vvv"), "{problem}");
    }
}

#[test]
fn a_replaced_configuration_forgets_names_and_keeps_scrubbing_values() {
    let (_folder, path, vault) = file(b"value-one", 0o600);
    assert_eq!(value(&vault), "value-one");
    vault.replace([entry(SecretSource::File(path))]);
    assert_eq!(value(&vault), "value-one");
    vault.replace([]);
    assert!(vault.check("shop", "token").is_err());
    assert_eq!(vault.scrub("value-one"), "[redacted]");
}

/// A runtime for what is asked as a request asks it.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn texts(vault: &Vault) -> (String, Option<String>) {
    let Candidates { current, previous } = block_on(vault.candidates("shop", "token")).ok().unwrap();
    (current.expose().to_owned(), previous.map(|value| value.expose().to_owned()))
}

#[test]
fn a_file_that_changed_leaves_its_value_before_for_one_try() {
    let (_folder, path, vault) = file(b"value-one", 0o600);
    assert_eq!(texts(&vault), ("value-one".to_owned(), None));
    let one = read(&vault).ok().unwrap();
    write(&path, b"value-two", 0o600);
    // A refused value is looked up in its source before anything else.
    let two = block_on(vault.refused("shop", "token", &one)).unwrap();
    assert_eq!(texts(&vault), ("value-two".to_owned(), Some("value-one".to_owned())));
    let old = block_on(vault.refused("shop", "token", &two)).unwrap();
    assert_eq!(old.expose(), "value-one");
    vault.accepted("shop", "token", &old);
    assert_eq!(texts(&vault).1.as_deref(), Some("value-one"));
    vault.accepted("shop", "token", &two);
    assert_eq!(texts(&vault), ("value-two".to_owned(), None));
    assert!(block_on(vault.refused("shop", "token", &two)).is_none());
    assert_eq!(vault.scrub("value-one value-two"), "[redacted] [redacted]");
}

#[test]
fn a_rotation_in_the_sealed_vault_reaches_a_host_that_serves() {
    let folder = TempDir::new().unwrap();
    let master = || MasterKey::new(MasterSource::Key(SecretSource::File(folder.path().join("key"))));
    let sealed = || SealedVault::new(folder.path().join("secrets.vault"), vec![master()]);
    let secret = |text: &str| SecretValue::new(Zeroizing::new(text.as_bytes().to_vec())).ok().unwrap();
    let now_s = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let stores = Stores { sealed: Some(Arc::new(sealed())), openbao: None };
    let vault = Vault::with_stores(stores, [entry(SecretSource::Vault)]);
    let problem = vault.check("shop", "token").unwrap_err();
    assert!(problem.to_string().contains("secrets.vault`: there is no vault yet"), "{problem}");
    assert!(!problem.brief().contains("secrets.vault"), "{}", problem.brief());
    assert!(vault.sealer().is_none());

    let operator = sealed();
    operator.create().unwrap();
    let mut editor = operator.edit().unwrap();
    editor.set("shop", "token", &secret("value-one"), now_s()).unwrap();
    editor.save().unwrap();
    assert_eq!(texts(&vault), ("value-one".to_owned(), None));
    editor.rotate("shop", "token", &secret("value-two"), now_s()).unwrap();
    editor.save().unwrap();
    assert_eq!(texts(&vault), ("value-two".to_owned(), Some("value-one".to_owned())));
    // A host that was started during the rotation knows both values too, and hides both.
    let stores = Stores { sealed: Some(Arc::new(sealed())), openbao: None };
    let later = Vault::with_stores(stores, [entry(SecretSource::Vault)]);
    assert_eq!(texts(&later), ("value-two".to_owned(), Some("value-one".to_owned())));
    assert_eq!(later.scrub("value-one value-two"), "[redacted] [redacted]");
    // Accepted is accepted, whatever else is written into the file.
    let two = read(&vault).ok().unwrap();
    vault.accepted("shop", "token", &two);
    editor.set("shop", "other", &secret("value"), now_s()).unwrap();
    editor.save().unwrap();
    assert_eq!(texts(&vault), ("value-two".to_owned(), None));
    assert!(Arc::ptr_eq(&two, &read(&vault).ok().unwrap()));
    editor.retire("shop", "token").unwrap();
    editor.save().unwrap();
    assert_eq!(texts(&later), ("value-two".to_owned(), None));
    assert!(vault.sealer().is_some());
}

#[test]
fn a_source_without_its_store_says_what_to_configure() {
    let vault = Vault::new([entry(SecretSource::Vault)]);
    assert!(vault.check("shop", "token").unwrap_err().to_string().contains("add `[vault]`"));
    let field = KvField { mount: "secret".to_owned(), path: "shop".to_owned(), field: "token".to_owned() };
    let vault = Vault::new([entry(SecretSource::OpenBao(Box::new(field)))]);
    assert!(vault.check("shop", "token").unwrap_err().to_string().contains("add it with `address` and `auth`"));
}

#[test]
fn a_key_in_lines_is_hidden_whole_and_line_by_line() {
    let lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQDJ5uZ0uWq1oZ0h"];
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n", lines[0], lines[1]);
    let (_folder, _path, vault) = file(pem.as_bytes(), 0o600);
    assert_eq!(value(&vault), pem.trim_end());
    assert_eq!(vault.scrub(&format!("<{pem}>")), "<[redacted]\n>");
    assert_eq!(vault.scrub(&format!("<{}{}>", lines[0], lines[1])), "<[redacted][redacted]>");
    assert_eq!(vault.scrub(&pem.replace('\n', "\\n")), "[redacted]\\n");
}
