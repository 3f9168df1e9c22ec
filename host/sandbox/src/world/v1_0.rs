//! Contract 1.0: what `wit/v1.0/` says, as Rust, for the types of its exports alone. Its imports are those of 1.1, and so
//! are the values that go in and come out: what is not used here does not come into being.

// Generated, as in `v1.rs`.
#![allow(unsafe_code, dead_code, unreachable_pub, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit/v1.0",
    world: "connector",
    imports: { default: async | trappable },
    exports: { default: async },
});
