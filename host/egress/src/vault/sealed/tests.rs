//! A vault that opens with its key, whole, and in no other way.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use zeroize::Zeroizing;

use super::editor::Rekeying;
use super::slot::Cost;
use super::*;
use crate::vault::SecretSource;

/// The least that Argon2 does.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

struct Stand {
    folder: TempDir,
    vault: Arc<SealedVault>,
}

impl Stand {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.vault.path()).unwrap()
    }

    /// Another process that opens the same files.
    fn other(&self) -> SealedVault {
        SealedVault::new(self.vault.path(), self.vault.masters.clone())
    }

    fn value(&self) -> String {
        read(&self.other(), "shop", "token").unwrap()
    }
}

fn read(vault: &SealedVault, connection: &str, name: &str) -> Result<String, SealedProblem> {
    vault.read(connection, name).map(|found| found.current.expose().to_owned()).map_err(|error| error.problem)
}

fn secret(text: &str) -> SecretValue {
    SecretValue::new(Zeroizing::new(text.as_bytes().to_vec())).ok().unwrap()
}

fn key_file(path: &Path) -> MasterKey {
    MasterKey::new(MasterSource::Key(SecretSource::File(path.to_owned())))
}

fn passphrase(words: &str) -> MasterKey {
    MasterKey::typed(Zeroizing::new(words.to_owned()))
}

/// A vault with a key file and two secrets.
fn stand() -> Stand {
    let folder = TempDir::new().unwrap();
    let vault = SealedVault::new(folder.path().join("secrets.vault"), vec![key_file(&folder.path().join("key"))]);
    vault.create().unwrap();
    let mut editor = vault.edit().unwrap();
    editor.set("shop", "token", &secret("value-one"), 1_000).unwrap();
    editor.set("crm", "token", &secret("value-two"), 1_000).unwrap();
    editor.save().unwrap();
    drop(editor);
    Stand { folder, vault: Arc::new(vault) }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_was_set_is_read_and_nothing_of_it_is_in_the_file() {
    let stand = stand();
    assert_eq!(read(&stand.vault, "shop", "token").unwrap(), "value-one");
    assert_eq!(read(&stand.vault, "crm", "token").unwrap(), "value-two");
    assert_eq!(read(&stand.vault, "crm", "other"), Err(SealedProblem::NoValue));
    assert!(!stand.text().contains("value-"));
    assert_eq!((mode(stand.vault.path()), mode(&stand.path("key"))), (0o600, 0o600));
}

#[test]
fn neither_a_vault_nor_a_key_is_overwritten() {
    let stand = stand();
    let key = std::fs::read(stand.path("key")).unwrap();
    assert_eq!(stand.vault.create().unwrap_err().problem, SealedProblem::Exists);
    // A key that is there is used for a new vault as it is.
    SealedVault::new(stand.path("second"), stand.vault.masters.clone()).create().unwrap();
    assert_eq!(std::fs::read(stand.path("key")).unwrap(), key);
}

#[test]
fn no_byte_can_be_changed_and_the_vault_still_open() {
    let stand = stand();
    let whole = stand.text().into_bytes();
    for i in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = whole.clone();
            changed[i] ^= flip;
            std::fs::write(stand.vault.path(), &changed).unwrap();
            let error = stand.other().check().unwrap_err();
            assert!(!error.to_string().contains("value-"), "{error}");
        }
    }
}

#[test]
fn no_part_of_a_vault_opens() {
    let stand = stand();
    let whole = stand.text();
    for bytes in 0..whole.len() {
        std::fs::write(stand.vault.path(), &whole.as_bytes()[..bytes]).unwrap();
        let problem = stand.other().check().unwrap_err().problem;
        assert!(matches!(problem, SealedProblem::Malformed(_) | SealedProblem::Tampered), "{bytes}: {problem}");
    }
    std::fs::write(stand.vault.path(), whole + " ").unwrap();
    assert_eq!(stand.other().check().unwrap_err().problem, SealedProblem::Tampered);
}

#[test]
fn an_entry_that_is_dropped_doubled_or_reordered_is_found() {
    let stand = stand();
    let whole: serde_json::Value = serde_json::from_str(&stand.text()).unwrap();
    let changes: [fn(&mut Vec<serde_json::Value>); 3] =
        [|secrets| drop(secrets.pop()), |secrets| secrets.push(secrets[0].clone()), |secrets| secrets.swap(0, 1)];
    for change in changes {
        let mut changed = whole.clone();
        change(changed["secrets"].as_array_mut().unwrap());
        std::fs::write(stand.vault.path(), serde_json::to_string_pretty(&changed).unwrap() + "\n").unwrap();
        assert_eq!(stand.other().check().unwrap_err().problem, SealedProblem::Tampered);
    }
}

#[test]
fn a_value_that_was_moved_does_not_open_even_by_somebody_with_the_key() {
    let stand = stand();
    let mut editor = stand.vault.edit().unwrap();
    editor.move_value_for_test(("shop", "token"), ("crm", "token"));
    editor.save().unwrap();
    drop(editor);
    assert_eq!(read(&stand.vault, "crm", "token"), Err(SealedProblem::Displaced));
    assert_eq!(stand.value(), "value-one");
}

#[test]
fn a_wrong_key_is_told_from_a_missing_an_open_and_a_malformed_one() {
    let stand = stand();
    let problem_with = |master: MasterKey| SealedVault::new(stand.vault.path(), vec![master]).check().unwrap_err();
    let key = stand.path("other-key");
    let at: Box<str> = format!("file:{}", key.display()).into();

    let error = problem_with(key_file(&key));
    assert_eq!(
        error,
        SealedError { at: at.clone(), problem: SealedProblem::Unreadable("entity not found".to_owned()) }
    );
    std::fs::write(&key, "7".repeat(64)).unwrap();
    set_mode(&key, 0o600);
    assert_eq!(problem_with(key_file(&key)).problem, SealedProblem::WrongKey);
    assert_eq!(problem_with(key_file(&key)).at, stand.vault.path().display().to_string().into());
    for mode in [0o604, 0o620, 0o666] {
        set_mode(&key, mode);
        let expected = SealedProblem::Exposed { mode };
        assert_eq!(problem_with(key_file(&key)), SealedError { at: at.clone(), problem: expected });
    }
    // As Kubernetes mounts it for a group.
    set_mode(&key, 0o440);
    assert_eq!(problem_with(key_file(&key)).problem, SealedProblem::WrongKey);
    set_mode(&key, 0o600);
    std::fs::write(&key, "not a key").unwrap();
    assert_eq!(problem_with(key_file(&key)).problem, SealedProblem::KeyMalformed);
    let unset = MasterKey::new(MasterSource::Key(SecretSource::Env("JACKFIELD_NOT_SET".to_owned())));
    assert_eq!(problem_with(unset).problem, SealedProblem::KeyUnset);
    assert_eq!(problem_with(passphrase("of a vault without one")).problem, SealedProblem::WrongKey);
    let unasked = MasterKey::new(MasterSource::Prompt);
    assert_eq!(problem_with(unasked).problem, SealedProblem::PassphraseUnasked);
}

#[test]
fn a_vault_that_others_may_read_or_write_is_refused() {
    let stand = stand();
    for mode in [0o640, 0o604, 0o620, 0o602] {
        set_mode(stand.vault.path(), mode);
        let problem = stand.vault.check().unwrap_err().problem;
        assert_eq!(problem, SealedProblem::Exposed { mode });
    }
    set_mode(stand.vault.path(), 0o600);
    assert_eq!(stand.vault.check(), Ok(()));
}

#[test]
fn a_vault_that_is_not_there_or_from_later_says_so() {
    let stand = stand();
    let later = stand.text().replacen("\"format\": 1", "\"format\": 2", 1);
    std::fs::write(stand.vault.path(), later).unwrap();
    assert_eq!(stand.vault.check().unwrap_err().problem, SealedProblem::Format(2));
    std::fs::remove_file(stand.vault.path()).unwrap();
    assert_eq!(stand.vault.check().unwrap_err().problem, SealedProblem::Missing);
    assert_eq!(stand.vault.edit().err().unwrap().problem, SealedProblem::Missing);
    std::fs::create_dir(stand.vault.path()).unwrap();
    assert_eq!(stand.other().check().unwrap_err().problem, SealedProblem::NotRegular);
}

#[test]
fn a_passphrase_opens_and_a_short_one_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secrets.vault");
    let short = SealedVault::new(&path, vec![passphrase("eleven char")]);
    assert_eq!(short.create_at_cost(CHEAP).unwrap_err().problem, SealedProblem::PassphraseShort(12));
    let vault = SealedVault::new(&path, vec![passphrase("a long passphrase")]);
    vault.create_at_cost(CHEAP).unwrap();
    assert_eq!(vault.check(), Ok(()));
    let other = SealedVault::new(&path, vec![passphrase("another passphrase")]);
    assert_eq!(other.check().unwrap_err().problem, SealedProblem::WrongKey);
    // What a hostile file asks of Argon2 is bounded before it is done.
    let text = std::fs::read_to_string(&path).unwrap().replace("\"memory_kib\": 8", "\"memory_kib\": 4000000000");
    std::fs::write(&path, text).unwrap();
    assert_eq!(vault.check().unwrap_err().problem, SealedProblem::WrongKey);
}

#[test]
fn a_rotation_keeps_the_value_before_it_until_it_is_retired() {
    let stand = stand();
    let mut editor = stand.vault.edit().unwrap();
    editor.rotate("shop", "token", &secret("value-three"), 2_000).unwrap();
    assert_eq!(editor.rotate("shop", "none", &secret("x-value"), 1).unwrap_err().problem, SealedProblem::NoValue);
    editor.save().unwrap();
    drop(editor);
    let found = stand.vault.read("shop", "token").unwrap();
    let (previous, until_s) = found.previous.unwrap();
    assert_eq!((found.current.expose(), previous.expose()), ("value-three", "value-one"));
    assert_eq!(until_s, 2_000 + PREVIOUS_LIVES_S);
    let listed = stand.vault.list(3_000).unwrap();
    assert_eq!(listed[0].connection, "crm");
    assert_eq!((listed[1].version, listed[1].set_at_s, listed[1].previous_until_s), (2, 2_000, Some(until_s)));
    assert_eq!(stand.vault.list(until_s).unwrap()[1].previous_until_s, None);

    let mut editor = stand.vault.edit().unwrap();
    assert_eq!(editor.retire("shop", "token"), Ok(true));
    assert_eq!(editor.retire("shop", "token"), Ok(false));
    editor.remove("crm", "token").unwrap();
    assert_eq!(editor.remove("crm", "token").unwrap_err().problem, SealedProblem::NoValue);
    editor.save().unwrap();
    drop(editor);
    assert!(stand.vault.read("shop", "token").unwrap().previous.is_none());
    assert_eq!(read(&stand.vault, "crm", "token"), Err(SealedProblem::NoValue));
}

#[test]
fn a_rekey_killed_after_any_step_leaves_files_that_fit() {
    let stand = stand();
    let old_key = std::fs::read(stand.path("key")).unwrap();
    for steps in 0..=3 {
        let mut editor = stand.vault.edit().unwrap();
        if steps > 0 {
            let rekeying = Rekeying::begin(&mut editor).unwrap();
            if steps > 1 {
                rekeying.install().unwrap();
            }
            if steps > 2 {
                rekeying.finish(&mut editor).unwrap();
            }
        }
        drop(editor);
        assert_eq!(stand.value(), "value-one", "after {steps} steps");
    }
    // Nor does a writer that was killed while it wrote leave anything in the way.
    std::fs::write(stand.path(".secrets.vault.next"), "half a vau").unwrap();
    std::fs::write(stand.path(".key.next"), "half a k").unwrap();
    assert_eq!(stand.vault.edit().unwrap().rekey(None), Ok(Rekeyed::OldKeysDropped));
    assert_eq!(stand.value(), "value-one");
    assert_eq!((mode(stand.vault.path()), mode(&stand.path("key"))), (0o600, 0o600));

    std::fs::write(stand.path("key"), old_key).unwrap();
    assert_eq!(stand.other().check().unwrap_err().problem, SealedProblem::WrongKey);
}

#[test]
fn a_rekey_seals_every_value_anew_and_keeps_the_one_before() {
    let stand = stand();
    let mut editor = stand.vault.edit().unwrap();
    editor.rotate("shop", "token", &secret("value-three"), 2_000).unwrap();
    editor.save().unwrap();
    let before = stand.text();
    editor.rekey(None).unwrap();
    let after = stand.text();
    let sealed = |text: &str| {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        let ids = document["secrets"].as_array().unwrap().iter().flat_map(|s| [&s["current"], &s["previous"]]).cloned();
        ids.filter(|s| !s.is_null()).map(|s| s["key"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(sealed(&after).len(), 3);
    assert!(sealed(&after).iter().all(|id| !sealed(&before).contains(id)));
    let found = stand.other().read("shop", "token").unwrap();
    assert_eq!((found.current.expose(), found.previous.unwrap().0.expose()), ("value-three", "value-one"));
}

#[test]
fn a_key_that_the_group_may_read_stays_so() {
    let stand = stand();
    set_mode(&stand.path("key"), 0o440);
    stand.vault.edit().unwrap().rekey(None).unwrap();
    assert_eq!((mode(stand.vault.path()), mode(&stand.path("key"))), (0o600, 0o640));
    assert_eq!(stand.value(), "value-one");
}

#[test]
fn another_source_takes_over_only_when_the_hosts_look_for_it() {
    let stand = stand();
    let (old, new) = (key_file(&stand.path("key")), key_file(&stand.path("new-key")));
    let opens = |key: &MasterKey| SealedVault::new(stand.vault.path(), vec![key.clone()]).check().is_ok();
    // Not configured yet: both open.
    assert_eq!(stand.vault.edit().unwrap().rekey(Some(&new)), Ok(Rekeyed::OldKeysKept));
    assert!(opens(&old) && opens(&new));
    // Configured beside the old one: the old one is done for.
    let both = SealedVault::new(stand.vault.path(), vec![old.clone(), new.clone()]);
    assert_eq!(both.edit().unwrap().rekey(Some(&new)), Ok(Rekeyed::OldKeysDropped));
    assert!(!opens(&old) && opens(&new));
    // A passphrase is a key like any other.
    let words = passphrase("a long passphrase");
    let vault = SealedVault::new(stand.vault.path(), vec![new.clone(), words.clone()]);
    assert_eq!(vault.edit().unwrap().at_cost(CHEAP).rekey(Some(&words)), Ok(Rekeyed::OldKeysDropped));
    assert!(!opens(&new) && opens(&words));
    // Where no key is a file, a new one must be named.
    let error =
        SealedVault::new(stand.vault.path(), vec![words]).edit().unwrap().at_cost(CHEAP).rekey(None).unwrap_err();
    assert!(error.to_string().contains("--to"), "{error}");
}

#[test]
fn a_new_key_for_the_file_leaves_the_other_keys_as_they_are() {
    let stand = stand();
    let (file, spare) = (key_file(&stand.path("key")), key_file(&stand.path("spare")));
    stand.vault.edit().unwrap().rekey(Some(&spare)).unwrap();
    let both = SealedVault::new(stand.vault.path(), vec![file, spare.clone()]);
    both.edit().unwrap().rekey(None).unwrap();
    assert_eq!(stand.value(), "value-one");
    let with_spare = SealedVault::new(stand.vault.path(), vec![spare]);
    assert_eq!(read(&with_spare, "shop", "token").unwrap(), "value-one");
    // A key file that is lost is made anew with the spare key.
    std::fs::remove_file(stand.path("key")).unwrap();
    both.edit().unwrap().rekey(None).unwrap();
    assert_eq!(stand.value(), "value-one");
}

#[test]
fn readers_never_fail_while_the_vault_is_rekeyed() {
    const REKEYS: usize = 100;
    let stand = stand();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            let host = stand.other();
            let done = &done;
            threads.spawn(move || {
                let mut reads = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(read(&host, "shop", "token").unwrap(), "value-one");
                    reads += 1;
                }
                assert!(reads > 0);
            });
        }
        for _ in 0..REKEYS {
            stand.vault.edit().unwrap().rekey(None).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn two_writers_take_turns() {
    const EACH: usize = 10;
    let stand = stand();
    std::thread::scope(|threads| {
        for writer in 0..3 {
            let vault = stand.other();
            threads.spawn(move || {
                for i in 0..EACH {
                    let mut editor = vault.edit().unwrap();
                    editor.set("shop", &format!("secret_{writer}_{i}"), &secret("value"), 1).unwrap();
                    editor.save().unwrap();
                }
            });
        }
    });
    assert_eq!(stand.vault.list(0).unwrap().len(), 2 + 3 * EACH);
}

#[test]
fn what_was_sealed_for_the_store_opens_after_rekeyings_and_only_in_its_place() {
    let stand = stand();
    let sealer = Sealer::new(stand.vault.clone()).unwrap();
    let sealed = sealer.seal(&["token", "shop"], b"refresh-token");
    stand.vault.edit().unwrap().rekey(None).unwrap();
    stand.vault.edit().unwrap().rekey(None).unwrap();
    // This host's, and another's that was started later.
    for sealer in [sealer, Sealer::new(Arc::new(stand.other())).unwrap()] {
        assert_eq!(sealer.open(&["token", "shop"], &sealed).unwrap().as_slice(), b"refresh-token");
        assert_eq!(sealer.open(&["token", "crm"], &sealed), Err(Unsealed::Changed));
        assert_eq!(sealer.open(&["tokens", "hop"], &sealed), Err(Unsealed::Changed));
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(sealer.open(&["token", "shop"], &changed).is_err(), "byte {i}");
            assert!(sealer.open(&["token", "shop"], &sealed[..i]).is_err(), "cut at {i}");
        }
        // A vault that is gone for a moment costs no token.
        assert_eq!(sealer.open(&["a"], &sealer.seal(&["a"], b"")).unwrap().as_slice(), b"");
    }
    let elsewhere = self::stand();
    let other = Sealer::new(elsewhere.vault.clone()).unwrap();
    assert_eq!(other.open(&["token", "shop"], &sealed), Err(Unsealed::UnknownKey));
}

#[test]
fn a_sealer_outlives_the_file() {
    let stand = stand();
    let sealer = Sealer::new(stand.vault.clone()).unwrap();
    std::fs::remove_file(stand.vault.path()).unwrap();
    assert_eq!(sealer.open(&["a"], &sealer.seal(&["a"], b"token")).unwrap().as_slice(), b"token");
    assert!(Sealer::new(Arc::new(stand.other())).is_none());
}
