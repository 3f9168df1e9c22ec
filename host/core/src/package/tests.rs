//! Which contracts are served, and what is said of those that are not.

use serde_json::json;

use super::*;

const MANIFEST: &str = "id = \"acme\"\nversion = \"0.1.0\"\ntitle = \"Acme\"\nvendor_api = \"1\"\nintents = [\"ticket.create\", \"ticket.status\"]\n";

fn section(contract: &str, settles: &[&str], more: &str) -> Vec<u8> {
    let intent = |name: &str| IntentSpec::from(jackfield_catalog::definition(name).unwrap());
    let package = json!({
        "format": FORMAT,
        "contract": contract,
        "manifest": format!("{MANIFEST}{more}"),
        "intents": [intent("ticket.create"), intent("ticket.status")],
        "settles": settles,
    });
    serde_json::to_vec(&package).unwrap()
}

#[test]
fn this_contract_and_the_one_before_it_are_served() {
    for served in ["1.1.0", "1.1.7", "1.0.0", "1.0.3"] {
        assert!(offers(served), "{served}");
        assert!(Package::read(&section(served, &[], "")).is_ok(), "{served}");
    }
    for other in ["1.2.0", "2.0.0", "0.9.0", "", "1", "one", "1.x"] {
        assert!(!offers(other), "{other}");
    }
}

#[test]
fn a_mismatch_names_who_wants_what_and_the_remedy() {
    let said = |contract: &str| Package::read(&section(contract, &[], "")).unwrap_err().to_string();
    assert_eq!(
        said("2.0.0"),
        format!(
            "connector `acme` was built for contract 2.0.0, and this host serves 1.1.0 and 1.0.0; run a host that \
             serves contract 2.0.0, or build it with jackfield-sdk {SDK}, which speaks 1.1.0"
        )
    );
    assert_eq!(
        said("0.9.0"),
        format!(
            "connector `acme` was built for contract 0.9.0, and this host serves 1.1.0 and 1.0.0; build it with \
             jackfield-sdk {SDK}, which speaks 1.1.0"
        )
    );
    assert!(said("2.0.0\n\u{1b}[2J").contains("2.0.0??[2J"), "nothing of a file moves a terminal's cursor");
}

#[test]
fn a_later_package_is_told_by_its_contract_before_its_unknown_members() {
    let section = json!({ "contract": "3.0.0", "manifest": "id = \"acme\"\nnew = 1", "novelty": true });
    let error = Package::read(&serde_json::to_vec(&section).unwrap()).unwrap_err();
    assert!(matches!(&error, PackageError::Contract { connector: Some(id), .. } if id == "acme"), "{error}");
    let ours = json!({ "contract": "1.1.0", "novelty": true });
    assert!(matches!(Package::read(&serde_json::to_vec(&ours).unwrap()), Err(PackageError::Unreadable(_))));
}

#[test]
fn only_a_write_can_be_settled_or_repeated() {
    let (package, manifest) =
        Package::read(&section("1.1.0", &["ticket.create"], "[intent.\"ticket.create\"]\nrepeat = \"natural\"\n"))
            .unwrap();
    assert_eq!(package.settles, ["ticket.create"]);
    assert_eq!(manifest.repeats.len(), 1);
    for (settles, more) in [
        (&["ticket.status"][..], ""),
        (&["order.status"], ""),
        (&[], "[intent.\"ticket.status\"]\nrepeat = \"natural\"\n"),
    ] {
        let error = Package::read(&section("1.1.0", settles, more)).unwrap_err();
        assert!(error.to_string().contains("writes nothing that could be settled or repeated"), "{error}");
    }
}
