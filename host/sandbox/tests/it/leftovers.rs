//! What a call leaves behind is not there in the next one: planted in memory, on the stack, in tables and globals, and
//! looked for in the very place of the pool where it was planted.

use jackfield_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use wasm_encoder::{BlockType, HeapType};

use crate::parts::Part;
use crate::stand::{Stand, packaged, small};

/// One place in the pool, so that every call gets the place of the one before.
fn one_place(memory_keep_resident: usize) -> Sandbox {
    Sandbox::new(&SandboxConfig { calls_in_flight_max: 1, memory_keep_resident, ..small() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_in_memory_or_on_the_stack_is_gone_whatever_the_place_keeps() {
    let stand = Stand::new().with(|l| l.cpu_ms = 20_000);
    for keep in [0, 512 << 10, 8 << 20] {
        let vandal = one_place(keep).load(&packaged("vandal")).unwrap();
        let ask = async |what: &str, seed: u64| -> Value {
            let input = json!({ "do": what, "seed": seed }).to_string();
            let completed = vandal.handle(&stand.ports, stand.invocation(&input)).await;
            serde_json::from_str(&completed.result.unwrap()).unwrap()
        };
        for seed in [0x0123_4567_89ab, 0x7fff_ffff_ffff] {
            let there = ask("plant", seed).await;
            // The search finds what is there: new memory, the static, the stack.
            assert!(there["found"].as_u64().unwrap() > there["planted"].as_u64().unwrap(), "{there}");
            assert_eq!(ask("seek", seed).await, 0, "{keep} bytes kept");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_in_a_table_or_a_global_is_gone() {
    // Traps when the global is not zero or the table's new element not null, and sets both afterwards.
    let part = Part::starting(|code| {
        code.global_get(0).if_(BlockType::Empty).unreachable().end();
        code.ref_null(HeapType::FUNC).i32_const(64).table_grow(0).drop();
        for element in [0, 1, 64] {
            code.i32_const(element).table_get(0).ref_is_null().i32_eqz().if_(BlockType::Empty).unreachable().end();
        }
        code.i32_const(7).global_set(0);
        for element in [0, 1, 64] {
            code.i32_const(element).ref_func(0).table_set(0);
        }
    })
    .with_table(2)
    .with_global();
    for keep in [0, 512 << 10] {
        let connector = one_place(keep).load(&part.beside("healthy", 1)).unwrap();
        let stand = Stand::new();
        for _ in 0..20 {
            let completed = connector.handle(&stand.ports, stand.invocation("{}")).await;
            assert!(completed.result.is_ok(), "{completed:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_guest_finds_nothing_of_another_in_the_place_that_both_had() {
    let sandbox = one_place(512 << 10);
    // As a component of its own, so that nothing is shared but the place.
    let first = sandbox.load(&packaged("vandal")).unwrap();
    let second = sandbox.load(&crate::parts::with_section(packaged("vandal"), "other", b"one")).unwrap();
    let stand = Stand::new().with(|l| l.cpu_ms = 20_000);
    let plant = stand.invocation(r#"{"do": "plant", "seed": 81985529216486895}"#);
    assert!(first.handle(&stand.ports, plant).await.result.is_ok());
    let seek = stand.invocation(r#"{"do": "seek", "seed": 81985529216486895}"#);
    assert_eq!(second.handle(&stand.ports, seek).await.result.unwrap(), "0");
}
