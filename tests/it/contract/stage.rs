//! One host with every connector of `plugins/`, and the simulated systems behind it, with times a tenth as long as in
//! earnest. What protects a system from many bad calls in a row is off: here each call is to meet its own fault.

use std::fmt::Write as _;

use jackfield_mocks::Mocks;
use jackfield_tests::{Client, Host, demo_config, plugin, root};

/// How every sentence of the other language begins, so that it is known again.
pub(super) const GERMAN: &str = "Auf Deutsch:";

/// Times, in milliseconds, and the other language.
const CONFIG: &str = r#"
[resilience]
connect_timeout_ms = 500
budget_wait_ms_max = 200
[resilience.retry]
base_ms = 20
cap_ms = 100
attempt_ms_min = 50
[resilience.breaker]
enabled = false

[settle]
waits_ms = [30]
sure_after_ms = 100
give_up_ms = 3000
look_ms = 1000

[texts.de]
progress = "Auf Deutsch: Es dauert."
unknown = "Auf Deutsch: Ob es geschehen ist, ist noch nicht bekannt."
not_applied = "Auf Deutsch: Es ist nicht geschehen."
unsettled = "Auf Deutsch: Ob es geschehen ist, ist nicht zu erfahren."
[texts.de.fallback]
trouble = "Auf Deutsch: Es geht gerade nicht."
busy = "Auf Deutsch: Es ist viel los."
cannot = "Auf Deutsch: Das geht hier nicht."
ask_retry = "Noch einmal?"
ask_handoff = "Mit einem Menschen?"
ask_retry_or_handoff = "Noch einmal, oder mit einem Menschen?"
ask_message = "Eine Nachricht?"
ask_retry_or_message = "Noch einmal, oder eine Nachricht?"
label_retry = "Noch einmal"
label_message = "Nachricht"
label_handoff = "Ein Mensch"
label_contact = "Anrufen"
"#;

/// A host, and tenants that have nothing in common but it.
pub(super) struct Stage {
    pub(super) host: Host,
    pub(super) tenants: Vec<Tenant>,
}

/// Systems of its own, connections of its own to them, and a key: what one call does to them is no other call's matter.
pub(super) struct Tenant {
    pub(super) mocks: Mocks,
    pub(super) client: Client,
}

impl Stage {
    pub(super) async fn start(tenants: usize) -> Stage {
        let mut config = String::new();
        let mut all = Vec::new();
        for number in 0..tenants {
            let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
            let (shared, own) = sections(&mocks, number);
            if config.is_empty() {
                config = shared;
            }
            config.push_str(&own);
            all.push(mocks);
        }
        let host = Host::start(&config).await.unwrap();
        let tenants = all.into_iter().enumerate();
        let tenants = tenants.map(|(number, mocks)| Tenant { mocks, client: host.client.with_key(&key(number)) });
        Stage { tenants: tenants.collect(), host }
    }
}

fn key(number: usize) -> String {
    format!("contract-{number}")
}

/// What all tenants share, and what one of them has: the demo's connections, one for each connector that the demo has
/// none for, and a caller.
fn sections(mocks: &Mocks, number: usize) -> (String, String) {
    let demo = demo_config(mocks).unwrap();
    let (shared, own) = demo.split_at(demo.find("[connection.").unwrap());
    let (mut shared, mut own) = (format!("{shared}{CONFIG}"), own.to_owned());
    for id in connectors() {
        if !shared.contains(&format!("[connector.{id}]")) {
            let _ = write!(shared, "\n[connector.{id}]\nfile = {:?}\n", plugin(&id));
            let _ =
                write!(own, "\n[connection.demo-{id}]\nconnector = \"{id}\"\ntenant = \"demo\"\naccess = \"write\"\n");
        }
    }
    for (from, to) in [
        ("[connection.demo-", format!("[connection.t{number}-")),
        ("connection = \"demo-", format!("connection = \"t{number}-")),
        ("helpdesk = \"demo-", format!("helpdesk = \"t{number}-")),
        ("tenant = \"demo\"", format!("tenant = \"t{number}\"")),
        ("[fallback.demo", format!("[fallback.t{number}")),
    ] {
        own = own.replace(from, &to);
    }
    let digest = jackfield::audit::hex(&jackfield::admission::digest(&key(number)));
    let _ = write!(
        own,
        "\n[caller.t{number}]\nkey_sha256 = \"{digest}\"\ntenant = \"t{number}\"\nscopes = [\"intent:*\"]\n"
    );
    (shared, own)
}

/// Every connector there is.
fn connectors() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("plugins")).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|folder| folder.path().join("connector.toml").exists());
    let mut ids: Vec<_> = folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    ids.sort();
    ids
}
