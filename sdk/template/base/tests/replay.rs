//! Replays every fixture natively, where a debugger works. `jackfield test` runs the same ones in the real sandbox.

#[test]
fn every_fixture_is_answered_as_recorded() {
    jackfield_sdk::testing::replay_folder::<acme_desk::AcmeDesk>("fixtures");
}
