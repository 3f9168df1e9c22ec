//! Finds many long texts by their beginnings: a hash rolls over a window of fixed width (Rabin-Karp), so that one pass
//! finds any number of them, and one more or one less costs nothing but itself. An automaton over ten thousand users'
//! tokens would have to be built anew, over all of them, at every token that is refreshed.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use zeroize::Zeroize;

/// Odd, with bits all over; a collision costs a comparison and nothing else.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bits of the filter at the least, as a power of two.
const FILTER_LOG_MIN: u32 = 12;

/// Bits of the filter per text: one position in sixteen is looked up for nothing.
const FILTER_BITS_PER_HEAD: usize = 16;

/// Texts of at least `WIDTH` bytes.
pub(super) struct Window<const WIDTH: usize> {
    /// By hash; more than one head only where hashes collide.
    heads: HashMap<u64, Vec<Head<WIDTH>>>,
    /// Says for most positions that there is nothing, without a look-up.
    filter: Vec<u64>,
    /// Heads that were added since the filter was made; removed ones leave their bits behind.
    filtered: usize,
}

/// What texts have in common, and how each of them goes on.
struct Head<const WIDTH: usize> {
    bytes: [u8; WIDTH],
    /// In order, so that the tail that goes along with a text the furthest is one of two neighbours. With the number
    /// of times that it was added.
    tails: BTreeMap<Tail, usize>,
}

/// The rest of an encoded value; gone when it is dropped.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Tail(Vec<u8>);

impl Borrow<[u8]> for Tail {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const WIDTH: usize> Drop for Head<WIDTH> {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl<const WIDTH: usize> Default for Window<WIDTH> {
    fn default() -> Self {
        Window { heads: HashMap::new(), filter: vec![0; 1 << (FILTER_LOG_MIN - 6)], filtered: 0 }
    }
}

impl<const WIDTH: usize> Window<WIDTH> {
    /// What the bytes at the far end of the window weigh.
    const WEIGHT: u64 = {
        let (mut weight, mut i) = (1_u64, 1);
        while i < WIDTH {
            weight = weight.wrapping_mul(BASE);
            i += 1;
        }
        weight
    };

    /// Adds a text of at least `WIDTH` bytes; a shorter one is not taken.
    pub(super) fn add(&mut self, text: &[u8]) {
        let Some((bytes, tail)) = text.split_first_chunk::<WIDTH>() else { return };
        let hash = hash(bytes);
        let heads = self.heads.entry(hash).or_default();
        let at = heads.iter().position(|head| head.bytes == *bytes).unwrap_or_else(|| {
            heads.push(Head { bytes: *bytes, tails: BTreeMap::new() });
            heads.len() - 1
        });
        *heads[at].tails.entry(Tail(tail.to_vec())).or_default() += 1;
        self.filtered += 1;
        if self.filtered * FILTER_BITS_PER_HEAD > self.filter.len() * 64 {
            self.refilter();
        } else {
            let (word, bit) = place(hash, self.filter.len());
            self.filter[word] |= bit;
        }
    }

    /// Removes a text that was added, once.
    pub(super) fn remove(&mut self, text: &[u8]) {
        let Some((bytes, tail)) = text.split_first_chunk::<WIDTH>() else { return };
        let hash = hash(bytes);
        let Some(heads) = self.heads.get_mut(&hash) else { return };
        for head in heads.iter_mut().filter(|head| head.bytes == *bytes) {
            if let Some(times) = head.tails.get_mut(tail) {
                *times -= 1;
                if *times == 0 {
                    head.tails.remove(tail);
                }
            }
        }
        heads.retain(|head| !head.tails.is_empty());
        if heads.is_empty() {
            self.heads.remove(&hash);
        }
    }

    /// Every stretch that begins like one of the texts, as far as it goes along with it.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<(usize, usize)>) {
        let Some((first, _)) = text.split_first_chunk::<WIDTH>() else { return };
        if self.heads.is_empty() {
            return;
        }
        let mut hash = hash(first);
        let mut start = 0;
        loop {
            let (word, bit) = place(hash, self.filter.len());
            if self.filter[word] & bit != 0
                && let Some(end) = self.reach(hash, text, start)
            {
                found.push((start, end));
            }
            let Some(next) = text.get(start + WIDTH) else { return };
            let left = u64::from(text[start]).wrapping_mul(Self::WEIGHT);
            hash = hash.wrapping_sub(left).wrapping_mul(BASE).wrapping_add(u64::from(*next));
            start += 1;
        }
    }

    /// How far the text goes along with one that begins like it.
    fn reach(&self, hash: u64, text: &[u8], start: usize) -> Option<usize> {
        let (window, rest) = text.get(start..)?.split_first_chunk::<WIDTH>()?;
        let head = self.heads.get(&hash)?.iter().find(|head| head.bytes == *window)?;
        let before = head.tails.range::<[u8], _>((Bound::Unbounded, Bound::Included(rest))).next_back();
        let after = head.tails.range::<[u8], _>((Bound::Included(rest), Bound::Unbounded)).next();
        let along = before.into_iter().chain(after).map(|(tail, _)| common(&tail.0, rest)).max()?;
        Some(start + WIDTH + along)
    }

    fn refilter(&mut self) {
        let bits = (self.heads.len() * FILTER_BITS_PER_HEAD * 2).next_power_of_two().max(1 << FILTER_LOG_MIN);
        self.filter = vec![0; bits / 64];
        for hash in self.heads.keys() {
            let (word, bit) = place(*hash, self.filter.len());
            self.filter[word] |= bit;
        }
        self.filtered = self.heads.len();
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |hash, byte| hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte)))
}

/// Word and bit of a filter whose length is a power of two. The upper bits of a product depend on all bits below.
fn place(hash: u64, words: usize) -> (usize, u64) {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(BASE) >> 20;
    (mixed as usize >> 6 & (words - 1), 1 << (mixed & 63))
}

/// How many bytes two texts have in common at their beginning.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(window: &Window<4>, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        window.find(text.as_bytes(), &mut found);
        found
    }

    #[test]
    fn a_text_is_found_at_every_place_and_as_far_as_it_goes() {
        let mut window = Window::<4>::default();
        for text in ["abcdef", "abcdxyz", "wxyz", "abc"] {
            window.add(text.as_bytes());
        }
        assert_eq!(find(&window, "abcdef"), [(0, 6)]);
        assert_eq!(find(&window, "-abcdxy-wxyz"), [(1, 7), (8, 12)]);
        assert_eq!(find(&window, "abcabcd"), [(3, 7)]);
        assert_eq!(find(&window, "abc"), []);
        assert_eq!(find(&window, ""), []);
    }

    #[test]
    fn what_was_added_twice_is_removed_twice() {
        let mut window = Window::<4>::default();
        window.add(b"abcdef");
        window.add(b"abcdef");
        window.add(b"abcdxyz");
        window.remove(b"abcdef");
        assert_eq!(find(&window, "abcdef"), [(0, 6)]);
        window.remove(b"abcdef");
        assert_eq!(find(&window, "abcdef"), [(0, 4)]);
        window.remove(b"abcdxyz");
        window.remove(b"never-added");
        assert_eq!(find(&window, "abcdef"), []);
        assert!(window.heads.is_empty());
    }

    #[test]
    fn thousands_are_found_like_one() {
        let mut window = Window::<4>::default();
        let texts: Vec<String> = (0..20_000).map(|i| format!("{:04x}-tail-{i}", i * 7 % 65_536)).collect();
        for text in &texts {
            window.add(text.as_bytes());
        }
        for text in texts.iter().step_by(97) {
            assert!(find(&window, &format!("<<{text}>>")).contains(&(2, 2 + text.len())), "{text}");
        }
        // The filter does not grow without end under tokens that come and go.
        let words = window.filter.len();
        for i in 0..100_000 {
            window.add(format!("gone{i}").as_bytes());
            window.remove(format!("gone{i}").as_bytes());
        }
        assert!(window.filter.len() <= words * 2);
    }
}
