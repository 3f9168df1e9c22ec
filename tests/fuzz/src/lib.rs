//! Properties that hold for any input, as functions of bytes. `cargo test` runs them over the corpus and over what is made of
//! it by small changes; `run.sh` runs them over whatever libFuzzer finds that takes another branch. What fails panics.

pub mod target;

/// A property.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("config", target::config::run),
    ("grant", target::grant::run),
    ("graphql", target::graphql::run),
    ("manifest", target::manifest::run),
    ("mask", target::mask::run),
    ("package", target::package::run),
    ("path", target::path::run),
    ("scrub", target::scrub::run),
];

/// The target of a name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}
