//! Files that nobody's toolchain made: flipped, nested, multiplied, with sections that lie or burst. Loading refuses them
//! or takes them for what they are, soon and without falling over; what loads all the same runs in the same bounds.

use std::time::{Duration, Instant};

use jackfield_core::package::SECTION;
use jackfield_sandbox::{LoadError, Sandbox, inspect};
use wasm_encoder::{
    CanonicalFunctionSection, Component, ComponentSection as _, ComponentTypeSection, ComponentValType,
    NestedComponentSection, PrimitiveValType,
};

use crate::parts::{Part, loaded, with_raw_section, with_section};
use crate::stand::{Stand, guest, package_json, packaged, small};

/// No refusal takes longer, on any machine that compiles connectors at all.
const SOON: Duration = Duration::from_secs(20);

fn refused(component: &[u8]) -> LoadError {
    let started = Instant::now();
    let error = loaded(component).err().expect("it is refused");
    assert!(started.elapsed() < SOON, "{:?}: {error}", started.elapsed());
    // What it says fits a log line, whatever the file says.
    assert!(error.to_string().len() < 30_000, "{}", error.to_string().len());
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loads_with_a_flipped_bit_runs_in_the_same_bounds() {
    let whole = packaged("healthy");
    let sandbox = Sandbox::new(&small()).unwrap();
    let stand = Stand::new().with(|l| (l.cpu_ms, l.wall_ms) = (300, 1_000));
    let mut ran = 0;
    for at in (8..whole.len()).step_by(6_007) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        if let Ok(connector) = sandbox.load(&flipped) {
            // Any answer and any fault will do: the process is still there to give it.
            let completed = connector.handle(&stand.ports, stand.invocation(r#"{"requests": 1}"#)).await;
            assert!(completed.usage.wall < Duration::from_secs(30), "{completed:?}");
            ran += 1;
        }
    }
    assert!(ran > 0, "some of them only change a constant");
    Stand::new().is_served().await;
}

#[test]
fn a_section_that_says_more_than_it_has_is_malformed() {
    let whole = packaged("state");
    // A custom section whose name is longer than the section, one of no content, and lengths that overflow.
    for content in [&[0xff, 0xff, 0x03, b'x'][..], &[], &[0xff, 0xff, 0xff, 0xff, 0xff], &[0x80; 12]] {
        let error = refused(&with_raw_section(whole.clone(), 0, content));
        assert!(matches!(error, LoadError::Malformed(_)), "{error}");
    }
    for tail in
        [&[0x00, 0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0x00], &[0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], &[0x63, 0x00]]
    {
        let error = refused(&[&whole[..], tail].concat());
        // A kind of section that nobody knows is for the engine to refuse.
        assert!(matches!(error, LoadError::Malformed(_) | LoadError::Compile(_)), "{error}");
    }
    // Another layer, another version of the format, a second preamble.
    for (at, byte) in [(4, 0x0e), (6, 0x02), (7, 0x01)] {
        let mut other = whole.clone();
        other[at] = byte;
        let error = refused(&other);
        assert!(matches!(error, LoadError::Malformed(_) | LoadError::CoreModule | LoadError::NotWasm), "{error}");
    }
    assert!(matches!(refused(&[&whole[..], &whole[..]].concat()), LoadError::Malformed(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_component_is_ever_decompressed() {
    // The head of a zstd frame that claims four gigabytes, and twenty megabytes that a decompressor would multiply.
    let burst = [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xff, 0xff, 0xff, 0xff][..], &vec![0; 20 << 20]].concat();
    for name in ["zstd", "external_debug_info", ".debug_info", "component-name", "producers"] {
        let component = with_section(packaged("state"), name, &burst);
        let started = Instant::now();
        let told = inspect(&component).unwrap();
        assert!(told.sections.iter().any(|(section, bytes)| section == name && *bytes == burst.len()));
        assert!(started.elapsed() < SOON);
        match loaded(&component) {
            Ok(connector) => {
                let stand = Stand::new();
                let completed = connector.handle(&stand.ports, stand.invocation("null")).await;
                assert_eq!(completed.result.unwrap(), "1", "{name}");
            }
            // One that the engine reads must be what its name says.
            Err(error) => assert!(matches!(error, LoadError::Compile(_) | LoadError::Malformed(_)), "{name}: {error}"),
        }
    }
    // As a package it is text or nothing.
    let error = refused(&with_section(guest("state"), SECTION, &burst[..1_000]));
    assert!(matches!(error, LoadError::Package(_)), "{error}");
    assert!(matches!(refused(&with_section(guest("state"), SECTION, &burst)), LoadError::PackageTooLarge { .. }));
}

#[test]
fn a_package_that_bursts_is_refused_as_text() {
    let package = package_json("1.1.0");
    let deep =
        package.replace("\"settles\":[]", &format!("\"settles\":{}{}", "[".repeat(200_000), "]".repeat(200_000)));
    assert!(deep.len() > 400_000, "the member is there");
    let twice = package.replacen("\"format\":1", "\"format\":1,\"format\":1", 1);
    let huge = package.replacen("\"format\":1", &format!("\"format\":{}", "9".repeat(100_000)), 1);
    let text = [package.as_bytes(), &[0xff, 0xfe]].concat();
    for (what, section) in
        [("deep", deep.as_bytes()), ("twice", twice.as_bytes()), ("huge", huge.as_bytes()), ("text", &text)]
    {
        let error = refused(&with_section(guest("state"), SECTION, section));
        assert!(matches!(error, LoadError::Package(_)), "{what}: {error}");
        assert!(error.to_string().len() < 2_000, "{what}: {}", error.to_string().len());
    }
}

#[test]
fn components_in_components_are_counted_before_anything_follows_them() {
    let nested = |levels: usize| {
        let mut inner = Component::new();
        for _ in 0..levels {
            let mut outer = Component::new();
            outer.section(&NestedComponentSection(&inner));
            inner = outer;
        }
        let mut component = packaged("state");
        NestedComponentSection(&inner).append_to_component(&mut component);
        component
    };
    assert!(loaded(&nested(8)).is_ok());
    for levels in [17, 100, 3_000] {
        let error = refused(&nested(levels));
        assert!(matches!(error, LoadError::TooComplex { .. } | LoadError::Malformed(_)), "{levels}: {error}");
    }
}

#[test]
fn types_that_multiply_or_go_on_and_on_are_refused_by_their_size() {
    let doubled = types(64, |section, before| section.defined_type().tuple([before, before]));
    let deep = types(50_000, |section, before| section.defined_type().list(before));
    for component in [doubled, deep] {
        let error = refused(&component);
        assert!(matches!(error, LoadError::Compile(_) | LoadError::TooComplex { .. }), "{error}");
    }
    assert!(loaded(&types(8, |section, before| section.defined_type().list(before))).is_ok());
}

/// A connector with a chain of types, each made of the one before.
fn types(count: u32, next: impl Fn(&mut ComponentTypeSection, ComponentValType)) -> Vec<u8> {
    let mut component = Component::new();
    let mut section = ComponentTypeSection::new();
    let mut before = ComponentValType::Primitive(PrimitiveValType::U8);
    for index in 0..count {
        next(&mut section, before);
        before = ComponentValType::Type(index);
    }
    // As the type of a function, so that somebody has to look at it.
    section.function().params([("of", before)]).result(None);
    component.section(&section);
    let mut whole = packaged("state");
    NestedComponentSection(&component).append_to_component(&mut whole);
    whole
}

#[test]
fn functions_that_the_host_would_have_to_make_are_counted() {
    let making = |count: u32| {
        let mut types = ComponentTypeSection::new();
        types.resource(wasm_encoder::ValType::I32, None);
        let mut functions = CanonicalFunctionSection::new();
        for _ in 0..count {
            functions.resource_drop(0);
        }
        let mut component = Component::new();
        component.section(&types).section(&functions);
        let mut whole = packaged("state");
        NestedComponentSection(&component).append_to_component(&mut whole);
        whole
    };
    assert!(loaded(&making(10)).is_ok());
    let error = refused(&making(100_000));
    assert!(matches!(error, LoadError::TooComplex { what: "functions between its parts", .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_a_megabyte_does_not_make_a_message_of_a_megabyte() {
    let part = Part::starting(|code| {
        code.unreachable();
    })
    .named(&"n".repeat(90_000));
    let connector = loaded(&part.beside("state", 1)).unwrap();
    let stand = Stand::new();
    let completed = connector.handle(&stand.ports, stand.invocation("null")).await;
    let told = completed.result.unwrap_err().to_string();
    assert!(told.contains("nnnn") && told.len() < 1_000, "{}", told.len());
}
