//! Guests that take more and more of something: memory, tables, instances, handles. What fits is had, what does not is
//! refused or ends the call, and whoever comes next finds the place as it was.

use jackfield_sandbox::{Completed, Connector, Ended, Fault, LoadError, TrapKind};
use serde_json::json;

use crate::parts::{Part, loaded};
use crate::stand::Stand;

async fn run(connector: &Connector, stand: &Stand) -> Completed<String> {
    connector.handle(&stand.ports, stand.invocation("{}")).await
}

async fn fault(part: &Part, stand: &Stand) -> Fault {
    let connector = loaded(&part.beside("healthy", 1)).unwrap();
    let completed = run(&connector, stand).await;
    Stand::new().is_served().await;
    match completed.result {
        Err(Ended::Fault(fault)) => fault,
        other => panic!("it ended as {other:?}"),
    }
}

/// Grows a table by a thousand elements until that is refused, and gives up then.
fn hoarder() -> Part {
    Part::starting(|code| {
        code.loop_(wasm_encoder::BlockType::Empty)
            .ref_null(wasm_encoder::HeapType::FUNC)
            .i32_const(1_000)
            .table_grow(0)
            .i32_const(-1)
            .i32_ne()
            .br_if(0)
            .end()
            .unreachable();
    })
    .with_table(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_to_its_limit_and_the_page_beyond_is_refused() {
    let stand = Stand::new().with(|l| l.memory_bytes_max = 16 << 20);
    let pages = |n: u32| json!({ "do": "pages", "n": n }).to_string();
    let small = stand.call("vandal", &pages(0)).await.usage.memory_bytes_peak;
    let room = ((16 << 20) - small) >> 16;
    let (all, beyond) = (pages(room as u32), pages(room as u32 + 1));
    assert_eq!(stand.answer("vandal", &all).await, true);
    assert_eq!(stand.call("vandal", &all).await.usage.memory_bytes_peak, 16 << 20);
    // A guest is told so, as WebAssembly has it, and may go on with what it has.
    assert_eq!(stand.answer("vandal", &beyond).await, false);
    assert_eq!(stand.answer("vandal", &pages(u32::MAX)).await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_grows_to_its_limit_and_no_further() {
    assert_eq!(fault(&hoarder(), &Stand::new()).await, Fault::TableExceeded { limit: 20_000 });
    let some = Part::starting(|code| {
        code.ref_null(wasm_encoder::HeapType::FUNC).i32_const(20_000).table_grow(0).drop();
    })
    .with_table(0);
    let connector = loaded(&some.beside("healthy", 1)).unwrap();
    assert!(run(&connector, &Stand::new()).await.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_begins_too_large_is_refused_at_load() {
    let part = Part::starting(|_| {}).with_table(20_001);
    let error = loaded(&part.beside("healthy", 1)).err().unwrap();
    assert!(matches!(error, LoadError::Compile(_)), "{error}");
    assert!(error.to_string().contains("table"), "{error}");
    let part = Part::starting(|_| {}).with_table(10_000);
    assert!(loaded(&part.beside("healthy", 1)).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_of_one_component_are_bounded_at_load() {
    let part = Part::starting(|_| {});
    let few = loaded(&part.beside("healthy", 4)).unwrap();
    assert!(run(&few, &Stand::new()).await.result.is_ok());
    for many in [32, 10_000] {
        let error = loaded(&part.beside("healthy", many)).err().unwrap();
        assert!(matches!(error, LoadError::Compile(_)), "{error}");
        assert!(error.to_string().contains("instances"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_memory_is_refused_at_load() {
    // Each place in the pool has one: a component with two would take its neighbour's.
    let part = Part::starting(|_| {}).with_memory();
    let error = loaded(&part.beside("healthy", 1)).err().unwrap();
    assert!(matches!(error, LoadError::Compile(_)), "{error}");
    assert!(error.to_string().contains("memories"), "{error}");
}

#[test]
fn memories_that_no_connector_needs_are_refused_at_load() {
    for (part, why) in [
        (Part::starting(|_| {}).with_memory_of(|kind| kind.memory64 = true), "memory64"),
        (Part::starting(|_| {}).with_memory_of(|kind| kind.shared = true), "threads"),
        (Part::starting(|_| {}).with_memory_of(|kind| kind.page_size_log2 = Some(0)), "page"),
    ] {
        let error = loaded(&part.beside("healthy", 1)).err().unwrap();
        assert!(matches!(error, LoadError::Compile(_)) && error.to_string().contains(why), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_before_the_call_is_bounded_like_the_call() {
    let endless = Part::starting(|code| {
        code.loop_(wasm_encoder::BlockType::Empty).br(0).end();
    });
    let stand = Stand::new().with(|l| l.cpu_ms = 100);
    assert_eq!(fault(&endless, &stand).await, Fault::CpuExceeded { limit_ms: 100 });
    let traps = Part::starting(|code| {
        code.unreachable();
    });
    assert!(matches!(fault(&traps, &stand).await, Fault::Trap { kind: TrapKind::Unreachable, .. }));
    let divides = Part::starting(|code| {
        code.i32_const(1).i32_const(0).i32_div_u().drop();
    });
    assert!(matches!(fault(&divides, &stand).await, Fault::Trap { kind: TrapKind::Arithmetic, .. }));
    let recurses = Part::starting(|code| {
        code.call(0);
    });
    assert!(matches!(fault(&recurses, &stand).await, Fault::Trap { kind: TrapKind::StackOverflow, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_are_bounded() {
    let stand = Stand::new();
    let pollables = |n: u32| json!({ "do": "pollables", "n": n }).to_string();
    assert_eq!(stand.answer("vandal", &pollables(300)).await, true);
    let fault = stand.fault("vandal", &pollables(1_500)).await;
    let Fault::Trap { kind: TrapKind::Other, message } = fault else { panic!("{fault:?}") };
    assert!(message.contains("no free keys"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_waits_at_once_end_at_the_wall() {
    let stand = Stand::new().with(|l| l.wall_ms = 150);
    let fault = stand.fault("vandal", r#"{"do": "poll-all", "n": 300}"#).await;
    assert!(matches!(fault, Fault::WallExceeded { limit_ms: 150, .. }), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn randomness_is_had_in_small_portions() {
    let stand = Stand::new();
    assert_eq!(stand.answer("vandal", r#"{"do": "random", "n": 4096}"#).await, 4_096);
    for n in ["65537", "4294967295", "18446744073709551615"] {
        let fault = stand.fault("vandal", &format!(r#"{{"do": "random", "n": {n}}}"#)).await;
        assert!(matches!(fault, Fault::Trap { .. }), "{n}: {fault:?}");
    }
}
