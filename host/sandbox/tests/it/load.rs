//! Loading: what is refused, by which check, and in which words. Nothing here runs a guest but `describe`.

use std::time::{Duration, Instant};

use jackfield_core::budget::Limits;
use jackfield_core::package::{PackageError, SDK, SECTION};
use jackfield_sandbox::{COMPONENT_BYTES_MAX, DescribeError, Kind, LoadError, Sandbox, embed, inspect};
use wasm_encoder::{
    CodeSection, Component, ComponentSection as _, CustomSection, Function, FunctionSection, Module, ModuleSection,
    TypeSection,
};

use crate::stand::{MANIFEST, guest, package_json, packaged, small};

fn refused(bytes: &[u8]) -> LoadError {
    match Sandbox::new(&small()).unwrap().load(bytes) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    }
}

fn with_section(mut component: Vec<u8>, data: &[u8]) -> Vec<u8> {
    CustomSection { name: SECTION.into(), data: data.into() }.append_to_component(&mut component);
    component
}

#[test]
fn what_is_no_component_is_named_for_what_it_is() {
    assert!(matches!(refused(b""), LoadError::NotWasm));
    assert!(matches!(refused(b"#!/bin/sh\nexit 1\n"), LoadError::NotWasm));
    assert!(matches!(refused(&Module::new().finish()), LoadError::CoreModule));
    let too_large = vec![0; COMPONENT_BYTES_MAX + 1];
    assert!(matches!(refused(&too_large), LoadError::TooLarge { .. }));
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge.wasm");
    // A sparse file: a terabyte that takes no room, and that nobody can read into memory.
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = Sandbox::new(&small()).unwrap().load_file(&path).err().unwrap();
    assert!(matches!(error, LoadError::TooLarge { bytes, .. } if bytes == 1 << 40), "{error}");
    let missing = Sandbox::new(&small()).unwrap().load_file(&dir.path().join("none.wasm")).err().unwrap();
    assert!(matches!(missing, LoadError::Unreadable(_)));
}

#[test]
fn a_truncated_component_is_malformed_wherever_it_is_cut() {
    let whole = packaged("state");
    let sandbox = Sandbox::new(&small()).unwrap();
    for part in 1..20 {
        let cut = &whole[..whole.len() * part / 20];
        let error = sandbox.load(cut).err().unwrap();
        assert!(matches!(error, LoadError::Malformed(_) | LoadError::NoPackage), "{part}/20: {error}");
    }
}

#[test]
fn flipped_bits_never_take_the_host_down() {
    let whole = packaged("state");
    let sandbox = Sandbox::new(&small()).unwrap();
    // Every 997th byte: most make it malformed or invalid, some only change a constant.
    for at in (8..whole.len()).step_by(997) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        if let Err(error) = sandbox.load(&flipped) {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn a_component_without_a_package_is_sent_back_to_be_packaged() {
    let error = refused(&guest("healthy"));
    assert!(matches!(error, LoadError::NoPackage));
    assert_eq!(
        error.to_string(),
        "the component carries no `jackfield:package` section; package it with `jackfield build`"
    );
}

#[test]
fn two_packages_are_one_too_many() {
    let twice = with_section(packaged("healthy"), package_json("1.1.0").as_bytes());
    assert!(matches!(refused(&twice), LoadError::Packages { count: 2 }));
}

#[test]
fn a_section_that_lies_is_refused() {
    let healthy = guest("healthy");
    for (section, part) in [
        ("not json".to_owned(), "not readable"),
        (package_json("1.1.0").replace("\"format\":1", "\"format\":9"), "format 9"),
        (package_json("1.1.0").replace("\"name\":\"probe.run\"", "\"name\":\"probe.walk\""), "lies"),
        (package_json("1.1.0").replace("id = ", "id = 7 # "), "connector.toml:2"),
    ] {
        let error = refused(&with_section(healthy.clone(), section.as_bytes()));
        assert!(matches!(error, LoadError::Package(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn another_contract_is_named_beside_ours() {
    // Said in the package.
    let error = refused(&with_section(guest("future"), package_json("2.0.0").as_bytes()));
    assert!(matches!(error, LoadError::Package(PackageError::Contract { .. })), "{error}");
    let said = format!(
        "connector `probe` was built for contract 2.0.0, and this host serves 1.1.0 and 1.0.0; run a host that serves \
         contract 2.0.0, or build it with jackfield-sdk {SDK}, which speaks 1.1.0"
    );
    assert_eq!(error.to_string(), said);
    // Not said in the package, but imported.
    let error = refused(&with_section(guest("future"), package_json("1.1.0").as_bytes()));
    assert_eq!(error.to_string(), format!("{said}; it imports `jackfield:connector/log@2.0.0`"));
}

#[test]
fn what_no_connector_gets_is_listed_in_full() {
    let error = refused(&packaged("sockets"));
    let LoadError::Imports { refused } = &error else { panic!("{error}") };
    let [network, instance_network] = &refused[..] else { panic!("{refused:?}") };
    // Which 0.2 it is depends on the toolchain.
    assert!(network.starts_with("wasi:sockets/network@0.2."), "{network}");
    assert!(instance_network.starts_with("wasi:sockets/instance-network@0.2."), "{instance_network}");
    assert_eq!(
        error.to_string(),
        format!("the component asks for what no connector gets: `{network}`, `{instance_network}`")
    );
}

#[test]
fn a_component_that_is_no_connector_misses_its_exports() {
    let empty = with_section(Component::new().finish(), package_json("1.1.0").as_bytes());
    let error = refused(&empty);
    assert_eq!(
        error.to_string(),
        "the component does not export `describe`, `handle`, `settle`, `receive`, `poll-changes`; \
         it was not built for the world `connector`"
    );
}

#[test]
fn too_many_functions_are_refused_before_compiling() {
    const FUNCTIONS: u32 = 100_000;
    let mut module = Module::new();
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    for _ in 0..FUNCTIONS {
        functions.function(0);
        let mut body = Function::new([]);
        body.instructions().end();
        code.function(&body);
    }
    module.section(&types).section(&functions).section(&code);
    // Beside a real connector, so that everything else about it is right.
    let mut component = packaged("healthy");
    ModuleSection(&module).append_to_component(&mut component);
    let started = Instant::now();
    let error = refused(&component);
    assert!(matches!(error, LoadError::TooComplex { what: "functions", .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn embedding_replaces_the_package_and_is_deterministic() {
    let bare = guest("healthy");
    let once = embed(&bare, package_json("1.1.0").as_bytes()).unwrap();
    assert_eq!(once, embed(&bare, package_json("1.1.0").as_bytes()).unwrap());
    assert_eq!(once, embed(&once, package_json("1.1.0").as_bytes()).unwrap(), "packaging again changes nothing");
    let other = embed(&once, b"{}").unwrap();
    assert_eq!(other, embed(&bare, b"{}").unwrap());
    assert!(matches!(embed(&Module::new().finish(), b"{}"), Err(LoadError::CoreModule)));
    assert!(matches!(embed(&bare, &vec![b' '; 5 << 20]), Err(LoadError::PackageTooLarge { .. })));
}

#[test]
fn inspecting_tells_and_does_not_refuse() {
    let told = inspect(&packaged("sockets")).unwrap();
    assert_eq!(told.kind, Kind::Component);
    assert_eq!(told.contract, ["1.1.0"]);
    assert_eq!(told.refused.len(), 2);
    assert_eq!(told.exports, ["describe", "handle", "settle", "receive", "poll-changes"]);
    assert!(told.sections.iter().any(|(name, bytes)| name == SECTION && *bytes > MANIFEST.len()));
    assert!(told.functions > 10);
    assert_eq!(told.package.unwrap().1.id, "probe");

    let bare = inspect(&guest("future")).unwrap();
    assert_eq!(bare.contract, ["2.0.0"]);
    assert!(matches!(bare.package, Err(LoadError::NoPackage)));

    assert_eq!(inspect(&Module::new().finish()).unwrap().kind, Kind::CoreModule);
    assert!(matches!(inspect(b"text"), Err(LoadError::NotWasm)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_component_can_be_asked_for_its_intents() {
    let sandbox = Sandbox::new(&small()).unwrap();
    assert_eq!(sandbox.describe(&guest("healthy"), &Limits::default()).await.unwrap(), "[]");
    let refused = sandbox.describe(&guest("sockets"), &Limits::default()).await;
    assert!(matches!(refused, Err(DescribeError::Load(LoadError::Imports { .. }))));
}
