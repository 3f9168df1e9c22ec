//! libFuzzer's way in, for the target that JACKFIELD_FUZZ names. `tests/fuzz/run.sh` builds and runs it.
#![no_main]

use std::sync::LazyLock;

use jackfield_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("JACKFIELD_FUZZ").unwrap_or_default();
    jackfield_fuzz::target(&name).unwrap_or_else(|| panic!("JACKFIELD_FUZZ names no target: `{name}`"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
