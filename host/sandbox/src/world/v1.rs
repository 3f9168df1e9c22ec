//! Contract 1.1, the newest: what `wit/` says, as Rust. Nothing here decides anything.

// All of it is generated: its lookups of typed functions are unsafe inside, and its style is not ours.
#![allow(unsafe_code, dead_code, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "connector",
    imports: {
        // Only these wait for somebody else; a synchronous import costs less.
        "jackfield:connector/http": async | trappable,
        "jackfield:connector/intents": async | trappable,
        "jackfield:connector/secrets.hmac": async | trappable,
        "jackfield:connector/secrets.reveal": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    // The call's texts are lent to the guest, not cloned for it.
    ownership: Borrowing { duplicate_if_necessary: true },
});
