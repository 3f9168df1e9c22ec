//! Verbs on a vault in a folder of its own. What a terminal would be asked for is given by the test.

use tempfile::TempDir;

use super::*;

const NOW_S: u64 = 1_760_000_000;

struct Stand {
    /// Kept for as long as the files are needed.
    _folder: TempDir,
    config: Config,
}

fn stand() -> Stand {
    let folder = TempDir::new().unwrap();
    let text = format!(
        r#"
[vault]
file = "secrets.vault"
master_key = "file:{}/master.key"

[connector.shopify]
file = "not-built-yet.wasm"

[connection.shop]
connector = "shopify"
tenant = "acme"

[connection.shop.secrets]
access_token = "vault:"
webhook = "env:HOOK"
"#,
        folder.path().display()
    );
    std::fs::write(folder.path().join("jackfield.toml"), text).unwrap();
    let config = Config::read(&folder.path().join("jackfield.toml")).unwrap().finish().unwrap();
    Stand { _folder: folder, config }
}

impl Stand {
    fn run(&self, verb: Verb, value: &str) -> anyhow::Result<Exit> {
        execute(&self.config, verb, NOW_S, |_| Ok(SecretValue::new(Zeroizing::new(value.as_bytes().to_vec()))?))
    }

    /// A verb that asks for no value.
    fn ask_nothing(&self, verb: Verb) -> anyhow::Result<Exit> {
        execute(&self.config, verb, NOW_S, |_| anyhow::bail!("a value was asked for"))
    }

    fn listed(&self) -> Vec<Listed> {
        let section = self.config.vault.as_ref().unwrap().get_ref();
        secrets::sealed(&self.config, section).unwrap().list(NOW_S).unwrap()
    }
}

fn place() -> Place {
    place_of("shop", "access_token")
}

fn place_of(connection: &str, name: &str) -> Place {
    Place { connection: connection.to_owned(), name: name.to_owned() }
}

#[test]
fn a_secret_is_set_rotated_retired_and_removed() {
    let stand = stand();
    assert_eq!(stand.ask_nothing(Verb::Init).unwrap(), Exit::Ok);
    assert_eq!(stand.run(Verb::Set { place: place(), force: false }, "value-one").unwrap(), Exit::Ok);
    assert_eq!(stand.listed()[0].previous_until_s, None);
    assert_eq!(stand.run(Verb::Rotate { place: place(), done: false }, "value-two").unwrap(), Exit::Ok);
    assert!(stand.listed()[0].previous_until_s.is_some());
    assert_eq!(stand.ask_nothing(Verb::Rotate { place: place(), done: true }).unwrap(), Exit::Ok);
    assert_eq!((stand.listed()[0].version, stand.listed()[0].previous_until_s), (2, None));
    assert_eq!(stand.ask_nothing(Verb::Rekey { to: None }).unwrap(), Exit::Ok);
    assert_eq!(stand.listed().len(), 1);
    assert_eq!(stand.ask_nothing(Verb::Remove { place: place() }).unwrap(), Exit::Ok);
    assert_eq!(stand.listed(), []);
}

#[test]
fn a_name_that_nobody_would_read_is_refused_before_the_value_is_asked_for() {
    let stand = stand();
    stand.ask_nothing(Verb::Init).unwrap();
    for (connection, name) in [("shopp", "access_token"), ("shop", "acess_token"), ("shop", "webhook")] {
        let place = place_of(connection, name);
        assert_eq!(stand.ask_nothing(Verb::Set { place: place.clone(), force: false }).unwrap(), Exit::Usage);
        assert_eq!(stand.run(Verb::Set { place, force: true }, "value").unwrap(), Exit::Ok);
    }
}

#[test]
fn without_a_vault_no_value_is_asked_for() {
    let stand = stand();
    let error = stand.ask_nothing(Verb::Set { place: place(), force: false }).unwrap_err().to_string();
    assert!(error.contains("secrets.vault") && error.contains("jackfield secrets init"), "{error}");
    stand.ask_nothing(Verb::Init).unwrap();
    assert!(stand.ask_nothing(Verb::Init).unwrap_err().to_string().contains("exists already"));
    let error = stand.run(Verb::Rotate { place: place(), done: false }, "value").unwrap_err().to_string();
    assert!(error.contains("jackfield secrets set"), "{error}");
}

#[test]
fn a_list_has_every_secret_and_no_value() {
    let stand = stand();
    stand.ask_nothing(Verb::Init).unwrap();
    stand.run(Verb::Set { place: place(), force: false }, "value-one").unwrap();
    stand.run(Verb::Set { place: place_of("old", "token"), force: true }, "value-two").unwrap();
    stand.run(Verb::Rotate { place: place(), done: false }, "value-three").unwrap();
    assert_eq!(
        list(&stand.config, false, NOW_S).unwrap(),
        "shop access_token vault, version 2 set 2025-10-09T08:53:20Z, \
         previous value live until 2025-10-10T08:53:20Z\n\
         shop webhook env\n\
         old token unused, version 1 set 2025-10-09T08:53:20Z\n"
    );
    let text = list(&stand.config, true, NOW_S).unwrap();
    let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(rows[0]["set_at"], "2025-10-09T08:53:20Z");
    assert_eq!(rows[1]["source"], "env");
    assert!(!text.contains("value-"));
}
