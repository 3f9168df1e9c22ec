//! Two live values of one secret. The new one is used first; the one before it is good for one more try when the
//! system refuses the new one, until the system accepted the new one or a day has passed. Pure: time is an argument.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::SecretValue;

/// How long the value before a rotation stays live, in seconds.
pub(super) const PREVIOUS_LIVES_S: u64 = 24 * 60 * 60;

/// How long the value before a rotation stays live.
pub(super) const PREVIOUS_LIVES: Duration = Duration::from_secs(PREVIOUS_LIVES_S);

/// The values of a secret that may be used now, best first.
#[cfg_attr(not(test), expect(dead_code, reason = "how tests see what a rotation leaves alive"))]
pub(crate) struct Candidates {
    /// To be tried first.
    pub(crate) current: Arc<SecretValue>,
    /// During a rotation: to be tried once when the system refuses the first.
    pub(crate) previous: Option<Arc<SecretValue>>,
}

/// What a secret is and was.
#[derive(Clone)]
pub(super) struct Rotation {
    current: Arc<SecretValue>,
    previous: Option<Previous>,
    /// The system took the current value, or refused the one before it: a source that still tells of it is not heard.
    settled: bool,
}

#[derive(Clone)]
struct Previous {
    value: Arc<SecretValue>,
    until: Instant,
    /// It was given out for a second try.
    tried: bool,
}

/// What a source says about the value before the one that it gives.
pub(super) enum Before {
    /// It knows only one value: what was read of it last was the one before.
    Unsaid,
    /// There is one and it lives until then, or there is none that lives.
    Said(Option<(SecretValue, Instant)>),
}

impl Before {
    /// The value that the source tells of.
    pub(super) fn value(&self) -> Option<&SecretValue> {
        match self {
            Before::Unsaid | Before::Said(None) => None,
            Before::Said(Some((value, _))) => Some(value),
        }
    }
}

impl Previous {
    fn new(value: Arc<SecretValue>, until: Instant) -> Previous {
        Previous { value, until, tried: false }
    }
}

impl Rotation {
    /// The first value that a source gave.
    pub(super) fn first(value: SecretValue, before: Before) -> Rotation {
        let previous = match before {
            Before::Unsaid | Before::Said(None) => None,
            Before::Said(Some((value, until))) => Some(Previous::new(Arc::new(value), until)),
        };
        Rotation { current: Arc::new(value), previous, settled: false }
    }

    /// After a source gave a value again.
    pub(super) fn next(&self, value: SecretValue, before: Before, now: Instant) -> Rotation {
        if *self.current != value {
            return match before {
                Before::Said(_) => Rotation::first(value, before),
                Before::Unsaid => Rotation {
                    current: Arc::new(value),
                    previous: Some(Previous::new(self.current.clone(), now + PREVIOUS_LIVES)),
                    settled: false,
                },
            };
        }
        let previous = match (&self.previous, before) {
            _ if self.settled => None,
            (known, Before::Unsaid) => known.clone(),
            (_, Before::Said(None)) => None,
            // Known already, with what is known about it.
            (Some(known), Before::Said(Some((told, _)))) if *known.value == told => Some(known.clone()),
            (_, Before::Said(Some((told, until)))) => Some(Previous::new(Arc::new(told), until)),
        };
        Rotation { previous, ..self.clone() }
    }

    pub(super) fn current(&self) -> &Arc<SecretValue> {
        &self.current
    }

    /// What may be used now.
    pub(super) fn candidates(&self, now: Instant) -> Candidates {
        let live = self.previous.as_ref().filter(|previous| previous.until > now);
        Candidates { current: self.current.clone(), previous: live.map(|previous| previous.value.clone()) }
    }

    /// After the system took a value; nothing when that changes nothing.
    pub(super) fn accepted(&self, value: &SecretValue) -> Option<Rotation> {
        let changes = !self.settled && self.previous.is_some() && *self.current == *value;
        changes.then(|| Rotation { current: self.current.clone(), previous: None, settled: true })
    }

    /// After the system refused a value: what is left to try, and what becomes of the secret.
    pub(super) fn refused(&self, value: &SecretValue, now: Instant) -> (Option<Arc<SecretValue>>, Option<Rotation>) {
        if *self.current != *value {
            let Some(previous) = self.previous.as_ref().filter(|previous| *previous.value == *value) else {
                // Changed while the request was under way.
                return (Some(self.current.clone()), None);
            };
            if !previous.tried {
                // It was sent as the only value there was, before the new one came.
                return (Some(self.current.clone()), None);
            }
            // Both were refused: there is nothing more to be had from the old one.
            return (None, Some(Rotation { current: self.current.clone(), previous: None, settled: true }));
        }
        match self.previous.clone().filter(|previous| previous.until > now) {
            Some(previous) => {
                let value = previous.value.clone();
                let tried = Previous { tried: true, ..previous };
                (Some(value), Some(Rotation { previous: Some(tried), ..self.clone() }))
            }
            None => (None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(Zeroizing::new(text.as_bytes().to_vec())).ok().unwrap()
    }

    fn texts(rotation: &Rotation, now: Instant) -> (String, Option<String>) {
        let Candidates { current, previous } = rotation.candidates(now);
        (current.expose().to_owned(), previous.map(|p| p.expose().to_owned()))
    }

    fn rotated(now: Instant) -> Rotation {
        Rotation::first(value("old"), Before::Unsaid).next(value("new"), Before::Unsaid, now)
    }

    #[test]
    fn a_value_that_changed_leaves_the_one_before_it_live_for_a_day() {
        let now = Instant::now();
        let rotation = rotated(now);
        assert_eq!(texts(&rotation, now), ("new".to_owned(), Some("old".to_owned())));
        let late = now + PREVIOUS_LIVES;
        assert_eq!(texts(&rotation, late), ("new".to_owned(), None));
        assert!(rotation.refused(&value("new"), late).0.is_none());
    }

    #[test]
    fn the_same_value_read_again_changes_nothing() {
        let now = Instant::now();
        let rotation = rotated(now).next(value("new"), Before::Unsaid, now);
        assert_eq!(texts(&rotation, now), ("new".to_owned(), Some("old".to_owned())));
    }

    #[test]
    fn an_accepted_new_value_retires_the_old_one_for_good() {
        let now = Instant::now();
        let rotation = rotated(now).accepted(&value("new")).unwrap();
        assert_eq!(texts(&rotation, now), ("new".to_owned(), None));
        // Also where the source still tells of it.
        let rotation = rotation.next(value("new"), Before::Said(Some((value("old"), now + PREVIOUS_LIVES))), now);
        assert_eq!(texts(&rotation, now), ("new".to_owned(), None));
        assert!(rotation.accepted(&value("new")).is_none());
        // The next rotation begins anew.
        let rotation = rotation.next(value("third"), Before::Unsaid, now);
        assert_eq!(texts(&rotation, now), ("third".to_owned(), Some("new".to_owned())));
    }

    #[test]
    fn a_source_that_says_there_is_none_before_is_believed() {
        let now = Instant::now();
        let rotation = rotated(now).next(value("new"), Before::Said(None), now);
        assert_eq!(texts(&rotation, now), ("new".to_owned(), None));
        let rotation = rotated(now).next(value("third"), Before::Said(None), now);
        assert_eq!(texts(&rotation, now), ("third".to_owned(), None));
    }

    #[test]
    fn an_accepted_old_value_stays_live() {
        let now = Instant::now();
        assert!(rotated(now).accepted(&value("old")).is_none());
    }

    #[test]
    fn a_refused_new_value_gives_the_old_one_once_and_then_nothing() {
        let now = Instant::now();
        let rotation = rotated(now);
        let (other, rotation) = rotation.refused(&value("new"), now);
        assert_eq!(other.unwrap().expose(), "old");
        let (other, rotation) = rotation.unwrap().refused(&value("old"), now);
        assert!(other.is_none());
        let rotation = rotation.unwrap();
        assert_eq!(texts(&rotation, now), ("new".to_owned(), None));
        assert!(rotation.refused(&value("new"), now).0.is_none());
    }

    #[test]
    fn a_value_that_changed_under_way_gives_the_new_one() {
        let now = Instant::now();
        assert_eq!(rotated(now).refused(&value("old"), now).0.unwrap().expose(), "new");
        assert_eq!(rotated(now).refused(&value("older"), now).0.unwrap().expose(), "new");
    }
}
