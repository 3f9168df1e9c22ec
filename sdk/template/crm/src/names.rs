//! The system's codes in the catalogue's words. An operator can say otherwise in `status_names`.

/// The phase of the relationship, in words for a person: systems let each company name its own.
pub(crate) fn stage(phase: &str) -> String {
    phase.replace('_', " ")
}
