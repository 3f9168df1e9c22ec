//! Replays every fixture. What the fixtures hold is composed from SAP's published API descriptions, see `README.md`.

#[test]
fn every_fixture_is_answered_as_recorded() {
    jackfield_sdk::testing::replay_folder::<jackfield_sap_s4hana::SapS4hana>("fixtures");
}
