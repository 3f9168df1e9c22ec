//! Replays every fixture. What the fixtures hold comes from Zendesk's documentation, see `README.md`.

#[test]
fn every_fixture_is_answered_as_recorded() {
    jackfield_sdk::testing::replay_folder::<jackfield_zendesk::Zendesk>("fixtures");
}
