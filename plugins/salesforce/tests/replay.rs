//! Replays every fixture. What the fixtures hold comes from Salesforce's documentation, see `README.md`.

#[test]
fn every_fixture_is_answered_as_recorded() {
    jackfield_sdk::testing::replay_folder::<jackfield_salesforce::Salesforce>("fixtures");
}
