//! Every property over its kept corpus, and over what small changes make of it. Always the same changes: a finding of today
//! is one of tomorrow. New ground is `run.sh`'s.

use std::fs;
use std::path::Path;

use jackfield_fuzz::TARGETS;

/// Changed copies of each file.
const CHANGED: usize = 40;

/// Inputs that no file stands behind.
const INVENTED: usize = 300;

/// Bytes of an input that no file stands behind.
const INVENTED_BYTES_MAX: usize = 600;

/// xorshift64*: enough to spread changes, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below.max(1)
    }

    /// A byte more, less or other, a stretch gone or doubled.
    fn change(&mut self, data: &mut Vec<u8>) {
        let (from, to) = (self.throw(data.len() + 1), self.throw(data.len() + 1));
        let stretch = from.min(to)..from.max(to);
        match self.throw(5) {
            0 => data.insert(from, self.throw(256) as u8),
            1 => drop(data.drain(stretch)),
            2 if data.len() < 1 << 16 => data.extend_from_within(stretch),
            3 if !data.is_empty() => {
                let at = self.throw(data.len());
                data[at] ^= 1 << self.throw(8);
            }
            _ if !data.is_empty() => {
                let at = self.throw(data.len());
                data[at] = self.throw(256) as u8;
            }
            _ => {}
        }
    }
}

fn replay(name: &str) {
    let run = jackfield_fuzz::target(name).unwrap_or_else(|| panic!("{name} is no target"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let mut dice = Dice(0x6a61_636b_6669_656c);
    for file in files {
        let data = fs::read(&file).unwrap();
        run(&data);
        for _ in 0..CHANGED {
            let mut changed = data.clone();
            for _ in 0..=dice.throw(4) {
                dice.change(&mut changed);
            }
            run(&changed);
        }
    }
    for _ in 0..INVENTED {
        let length = dice.throw(INVENTED_BYTES_MAX);
        run(&(0..length).map(|_| dice.throw(256) as u8).collect::<Vec<_>>());
    }
}

#[test]
fn every_target_has_a_test_of_its_own_below() {
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["config", "grant", "graphql", "manifest", "mask", "package", "path", "scrub"]);
}

#[test]
fn config_holds_over_its_corpus() {
    replay("config");
}

#[test]
fn grant_holds_over_its_corpus() {
    replay("grant");
}

#[test]
fn graphql_holds_over_its_corpus() {
    replay("graphql");
}

#[test]
fn manifest_holds_over_its_corpus() {
    replay("manifest");
}

#[test]
fn mask_holds_over_its_corpus() {
    replay("mask");
}

#[test]
fn package_holds_over_its_corpus() {
    replay("package");
}

#[test]
fn path_holds_over_its_corpus() {
    replay("path");
}

#[test]
fn scrub_holds_over_its_corpus() {
    replay("scrub");
}
