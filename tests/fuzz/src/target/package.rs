//! The package section of a component: it is read whole or refused, and what was read is consistent, whoever wrote it. What
//! the catalogue says of an intent is never the connector's to change.

use jackfield_core::intent::IntentSpec;
use jackfield_core::package::{FORMAT, Package, offers};

/// See the file.
pub fn run(data: &[u8]) {
    let (package, manifest) = match Package::read(data) {
        Ok(read) => read,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(package.format, FORMAT);
    assert!(offers(&package.contract));
    let names: Vec<_> = package.intents.iter().map(|intent| intent.name.clone()).collect();
    assert_eq!(names, manifest.intents);
    for intent in &package.intents {
        if let Some(known) = jackfield_catalog::definition(&intent.name) {
            assert_eq!(*intent, IntentSpec::from(known), "the catalogue's own words win");
        }
    }
    // What is read, written and read again is the same.
    let written = serde_json::to_vec(&package).expect("a package is texts, numbers and JSON");
    let (again, _) = Package::read(&written).expect("what was read can be read again");
    assert_eq!(again, package);
}
