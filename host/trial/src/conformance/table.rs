//! What may come of each fault. The table is the contract of the conformance kit: which kinds of failure are honest, and
//! how much of an answer may still be given.

/// What an answer may say although a fault was injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputRule {
    /// Some of what it says without the fault: a member may be missing, or hold `other` or another text that the user or
    /// the system said; nothing is invented, and no list is shorter.
    LessOnly,
    /// As `LessOnly`, and a list may be shorter: what is not there is not listed.
    FewerToo,
    /// Exactly what it says without the fault.
    Same,
    /// Anything that the intent's schema allows: what the fault changed is what the system said.
    Any,
}

impl OutputRule {
    /// The rule in the words of the documentation.
    pub fn words(self) -> &'static str {
        match self {
            OutputRule::LessOnly => "less",
            OutputRule::FewerToo => "less, shorter lists too",
            OutputRule::Same => "the same",
            OutputRule::Any => "what the schema allows",
        }
    }
}

/// One fault, and what a connector may make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The fault's name, as `--filter` knows it.
    pub fault: &'static str,
    /// Kinds of failure that tell the truth about it.
    pub kinds: &'static [&'static str],
    /// What an answer may say.
    pub output: OutputRule,
    /// Why these and no others.
    pub why: &'static str,
}

/// Kinds that can follow from what a system says in good order, since who may do what hinges on members too: nothing
/// about the credential, speed or time.
const ABOUT_THE_OBJECT: &[&str] = &[
    "internal",
    "unavailable",
    "not-found",
    "rejected",
    "invalid-input",
    "unsupported",
    "conflict",
    "duplicate",
    "denied",
];

/// An answer that cannot be read.
const UNREADABLE: &[&str] = &["internal", "unavailable"];

const fn row(
    fault: &'static str,
    kinds: &'static [&'static str],
    output: OutputRule,
    why: &'static str,
) -> Expectation {
    Expectation { fault, kinds, output, why }
}

/// Every fault that is injected into an exchange, in the order in which they are tried.
pub const TABLE: &[Expectation] = &[
    row(
        "status 401",
        &["reauth-required"],
        OutputRule::LessOnly,
        "the host has refreshed the credential already: a person must reconnect",
    ),
    row(
        "status 403",
        &["denied", "not-found"],
        OutputRule::LessOnly,
        "permission; or hidden like an object that is not there, so that nobody learns that it is",
    ),
    row(
        "status 404",
        &["not-found", "internal", "unsupported", "invalid-input", "rejected"],
        OutputRule::FewerToo,
        "the object is not there; or what the input named, or the whole service at this address",
    ),
    row(
        "status 409",
        &["conflict", "duplicate", "rejected", "unavailable"],
        OutputRule::LessOnly,
        "somebody was first, it exists already, or a rule of the system; a second try may find it down",
    ),
    row(
        "status 422",
        &["rejected", "invalid-input", "duplicate", "conflict", "internal"],
        OutputRule::LessOnly,
        "the system's rule; the user's value, or one that the connector chose",
    ),
    row("status 429", &["rate-limited"], OutputRule::LessOnly, "the host paces by it"),
    row(
        "status 429 with Retry-After",
        &["rate-limited"],
        OutputRule::LessOnly,
        "the host paces by it, and the wait must not come out shorter",
    ),
    row("status 500", &["unavailable"], OutputRule::LessOnly, "the system's fault, not the user's and not ours"),
    row(
        "status 503",
        &["unavailable", "rate-limited"],
        OutputRule::LessOnly,
        "down, or its way of asking for patience",
    ),
    row(
        "timeout",
        &["timeout"],
        OutputRule::LessOnly,
        "nobody knows what became of it; a write must not be called failed",
    ),
    row("reset", &["unavailable"], OutputRule::LessOnly, "the connection broke"),
    row("empty body", UNREADABLE, OutputRule::LessOnly, "no answer is no proof that there is nothing"),
    row("HTML instead of JSON", UNREADABLE, OutputRule::LessOnly, "a proxy or a login page speaks, not the system"),
    row("truncated JSON", UNREADABLE, OutputRule::LessOnly, "half an answer is none"),
    row(
        "wrong types",
        ABOUT_THE_OBJECT,
        OutputRule::Any,
        "one scalar at a time is of another type; it may be read leniently, refused, or no longer match",
    ),
    row(
        "null everywhere",
        ABOUT_THE_OBJECT,
        OutputRule::Any,
        "every scalar is null: absent for all that the connector can know",
    ),
    row(
        "extra members",
        &[],
        OutputRule::Same,
        "systems add members without asking; none may be needed, copied or fatal",
    ),
    row("huge JSON", UNREADABLE, OutputRule::Same, "megabytes beside what is read"),
    row("deeply nested JSON", UNREADABLE, OutputRule::Same, "a recursive reader must not run out of stack"),
];

/// Texts in place of each text of the input. Not a fault of the system, so not a row of [`TABLE`].
pub(crate) const HOSTILE_INPUT: Expectation = row(
    "hostile input",
    &["invalid-input", "not-found", "rejected", "unsupported", "unavailable", "conflict", "duplicate"],
    OutputRule::Any,
    "a text of the user stays one value; refusing it is fine, breaking on it is not",
);
