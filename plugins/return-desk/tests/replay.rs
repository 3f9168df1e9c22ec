//! Replays every fixture. The other connectors' answers in them are composed from the catalogue's models.

#[test]
fn every_fixture_is_answered_as_recorded() {
    jackfield_sdk::testing::replay_folder::<jackfield_return_desk::ReturnDesk>("fixtures");
}
