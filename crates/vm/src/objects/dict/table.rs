//! The ordered hash table under `dict` and `set`: entries in insertion order, found by a sparse
//! index (Raymond Hettinger's compact dict).
//!
//! ```text
//!   indices:  [ -, 1, -, -, 0, -, 2, - ]      u8, u16 or u32 words, a power of two of them; the
//!                                             least index lies in the table itself
//!   entries:  [ (hash, key, value), (hash, key, value), (hash, deleted), ... ]
//! ```
//!
//! States of an index word: EMPTY (never used), DELETED (a probe must go on), or an entry's
//! position. A deleted entry keeps its place (key `None`) until the next rebuild, so iteration by
//! position survives deletion. `stamp` changes with every structural change, so that code which had
//! to leave the table (to call `__eq__`) knows whether it may go on.
//!
//! Nothing here runs Python code or drops a value: replaced and removed parts are returned.
//! CPython's counterpart: the table half of `Objects/dictobject.c`.

use crate::value::Value;

/// One entry. The hash is kept, so that growing never asks a key again.
#[derive(Clone)]
pub struct Entry<V> {
    pub hash: i64,
    pub key: Option<Value>,
    pub value: V,
}

#[derive(Clone)]
enum Indices {
    Least([u8; LEAST]),
    Small(Box<[u8]>),
    Medium(Box<[u16]>),
    Large(Box<[u32]>),
}

/// The words of the least index.
const LEAST: usize = 8;

/// See the file's head.
pub struct Table<V> {
    indices: Indices,
    entries: Vec<Entry<V>>,
    used: usize,
    /// Index words that are not EMPTY. A probe ends at an EMPTY word, so some must be left.
    filled: usize,
    stamp: u32,
    /// No entry before this one is live.
    first: u32,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table {
            indices: Indices::Least([u8::MAX; LEAST]),
            entries: Vec::new(),
            used: 0,
            filled: 0,
            stamp: 0,
            first: 0,
        }
    }
}

/// What a probe met.
pub enum Probe {
    /// The key is not there.
    Absent,
    /// An entry with this hash that `same` could not decide: ask `__eq__`, then go on.
    Ask {
        entry: usize,
        slot: usize,
        /// How many words the walk has behind it, this one among them.
        steps: usize,
    },
    Found {
        entry: usize,
        slot: usize,
    },
}

/// What `same` can say without running Python code.
pub enum Same {
    Yes,
    No,
    Unknown,
}

/// The order in which a hash visits the index words: the low bits first, then all bits are mixed in
/// step by step, so that every word is reached.
#[derive(Clone, Copy)]
struct Walk {
    slot: usize,
    perturb: u64,
    mask: usize,
}

impl Walk {
    #[inline(always)]
    fn new(hash: i64, mask: usize) -> Walk {
        Walk { slot: hash as usize & mask, perturb: hash as u64, mask }
    }
    #[inline(always)]
    fn step(&mut self) {
        self.perturb >>= 5;
        self.slot = (self.slot * 5).wrapping_add(self.perturb as usize).wrapping_add(1) & self.mask;
    }
}

const EMPTY: u32 = u32::MAX;
const DELETED: u32 = u32::MAX - 1;

impl Indices {
    fn with_size(size: usize) -> Indices {
        if size <= LEAST {
            Indices::Least([u8::MAX; LEAST])
        } else if size <= 0x80 {
            Indices::Small(vec![u8::MAX; size].into_boxed_slice())
        } else if size <= 0x8000 {
            Indices::Medium(vec![u16::MAX; size].into_boxed_slice())
        } else {
            Indices::Large(vec![u32::MAX; size].into_boxed_slice())
        }
    }
    #[inline(always)]
    fn len(&self) -> usize {
        match self {
            Indices::Least(v) => v.len(),
            Indices::Small(v) => v.len(),
            Indices::Medium(v) => v.len(),
            Indices::Large(v) => v.len(),
        }
    }
    #[inline(always)]
    fn get(&self, at: usize) -> u32 {
        match self {
            Indices::Least(v) => widen(v[at] as u32, u8::MAX as u32),
            Indices::Small(v) => widen(v[at] as u32, u8::MAX as u32),
            Indices::Medium(v) => widen(v[at] as u32, u16::MAX as u32),
            Indices::Large(v) => v[at],
        }
    }
    /// Enters an entry that is not there yet; was the word EMPTY before?
    #[inline(always)]
    fn enter(&mut self, hash: i64, entry: usize) -> bool {
        match self {
            Indices::Least(words) => enter(words, hash, entry),
            Indices::Small(words) => enter(words, hash, entry),
            Indices::Medium(words) => enter(words, hash, entry),
            Indices::Large(words) => enter(words, hash, entry),
        }
    }
    #[inline(always)]
    fn set(&mut self, at: usize, entry: u32) {
        match self {
            Indices::Least(v) => v[at] = entry as u8,
            Indices::Small(v) => v[at] = entry as u8,
            Indices::Medium(v) => v[at] = entry as u16,
            Indices::Large(v) => v[at] = entry,
        }
    }
}

/// An index word of some width: EMPTY is its greatest value, DELETED the one below.
trait Word: Copy {
    const EMPTY: usize;
    fn of(entry: usize) -> Self;
    fn entry(self) -> usize;
}

impl Word for u8 {
    const EMPTY: usize = u8::MAX as usize;
    #[inline(always)]
    fn of(entry: usize) -> u8 {
        entry as u8
    }
    #[inline(always)]
    fn entry(self) -> usize {
        self as usize
    }
}

impl Word for u16 {
    const EMPTY: usize = u16::MAX as usize;
    #[inline(always)]
    fn of(entry: usize) -> u16 {
        entry as u16
    }
    #[inline(always)]
    fn entry(self) -> usize {
        self as usize
    }
}

impl Word for u32 {
    const EMPTY: usize = u32::MAX as usize;
    #[inline(always)]
    fn of(entry: usize) -> u32 {
        entry as u32
    }
    #[inline(always)]
    fn entry(self) -> usize {
        self as usize
    }
}

/// `Indices::enter` in words of one width.
#[inline(always)]
fn enter<W: Word>(words: &mut [W], hash: i64, entry: usize) -> bool {
    let mask = words.len() - 1;
    let mut walk = Walk::new(hash, mask);
    loop {
        let word = &mut words[walk.slot & mask];
        let found = word.entry();
        // Both marks are greater than any entry's position.
        if found >= W::EMPTY - 1 {
            *word = W::of(entry);
            return found == W::EMPTY;
        }
        walk.step();
    }
}

/// The two marks are the greatest words of each width.
#[inline(always)]
fn widen(word: u32, max: u32) -> u32 {
    if word >= max - 1 { word | !max } else { word }
}

/// How many entries a table of `size` index words takes: two thirds.
const fn capacity(size: usize) -> usize {
    size * 2 / 3
}

fn size_for(entries: usize) -> usize {
    let mut size = LEAST;
    while capacity(size) < entries {
        size *= 2;
    }
    size
}

impl<V> Table<V> {
    pub fn with_capacity(entries: usize) -> Table<V> {
        if entries == 0 {
            return Table::default();
        }
        Table {
            indices: Indices::with_size(size_for(entries)),
            entries: Vec::with_capacity(entries),
            used: 0,
            filled: 0,
            stamp: 0,
            first: 0,
        }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.used
    }
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    #[inline(always)]
    pub fn stamp(&self) -> u32 {
        self.stamp
    }
    /// All entries by position, deleted ones included.
    #[inline(always)]
    pub fn entries(&self) -> &[Entry<V>] {
        &self.entries
    }
    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        let index = match &self.indices {
            Indices::Least(_) if self.entries.capacity() == 0 => 0,
            Indices::Least(v) => v.len(),
            Indices::Small(v) => v.len(),
            Indices::Medium(v) => v.len() * 2,
            Indices::Large(v) => v.len() * 4,
        };
        index + self.entries.capacity() * size_of::<Entry<V>>()
    }

    /// Walks the index for a hash; `same` decides about entries with an equal hash.
    #[inline(always)]
    pub fn find(&self, hash: i64, same: impl FnMut(&Value) -> Same) -> Probe {
        match &self.indices {
            Indices::Least(words) => self.walk(words, hash, same),
            Indices::Small(words) => self.walk(words, hash, same),
            Indices::Medium(words) => self.walk(words, hash, same),
            Indices::Large(words) => self.walk(words, hash, same),
        }
    }

    /// `find` in index words of one width.
    #[inline(always)]
    fn walk<W: Word>(&self, words: &[W], hash: i64, mut same: impl FnMut(&Value) -> Same) -> Probe {
        let mut walk = Walk::new(hash, words.len() - 1);
        let mut steps = 0;
        loop {
            steps += 1;
            let index = words[walk.slot & (words.len() - 1)].entry();
            // Neither mark is an entry's position.
            if let Some(entry) = self.entries.get(index) {
                if entry.hash == hash
                    && let Some(key) = &entry.key
                {
                    match same(key) {
                        Same::Yes => return Probe::Found { entry: index, slot: walk.slot },
                        Same::Unknown => {
                            return Probe::Ask { entry: index, slot: walk.slot, steps };
                        }
                        Same::No => {}
                    }
                }
            } else if index == W::EMPTY {
                return Probe::Absent;
            }
            walk.step();
        }
    }

    /// Goes on behind an earlier `Ask`, after so many steps. (Its slot would not do to tell the place: a
    /// walk may come by a slot twice.)
    #[inline(always)]
    pub fn find_from(
        &self,
        hash: i64,
        after: usize,
        mut same: impl FnMut(&Value) -> Same,
    ) -> Probe {
        let mut walk = Walk::new(hash, self.indices.len() - 1);
        let mut steps = 0;
        loop {
            steps += 1;
            let index = self.indices.get(walk.slot);
            if index == EMPTY {
                return Probe::Absent;
            }
            if index != DELETED && steps > after {
                let entry = &self.entries[index as usize];
                if entry.hash == hash
                    && let Some(key) = &entry.key
                {
                    match same(key) {
                        Same::Yes => {
                            return Probe::Found { entry: index as usize, slot: walk.slot };
                        }
                        Same::Unknown => {
                            return Probe::Ask { entry: index as usize, slot: walk.slot, steps };
                        }
                        Same::No => {}
                    }
                }
            }
            walk.step();
        }
    }

    /// The bytes that the next `push_new` allocates, or nearly: 0 unless it grows the entries.
    #[inline(always)]
    pub fn growth(&self) -> usize {
        if self.entries.len() < self.entries.capacity() {
            return 0;
        }
        self.used.saturating_mul(2 * (size_of::<Entry<V>>() + size_of::<u64>()))
    }

    /// The bytes that a copy takes, or nearly.
    pub fn room(&self) -> usize {
        self.used.saturating_mul(size_of::<Entry<V>>() + size_of::<u64>())
    }

    /// Appends an entry whose key is known to be absent. Returns its position.
    #[inline]
    pub fn push_new(&mut self, hash: i64, key: Value, value: V) -> usize {
        let room = capacity(self.indices.len());
        if self.entries.len() >= room || self.filled >= room {
            self.rebuild((self.used + 1).max(self.used * 2));
        } else if self.entries.capacity() == 0 {
            self.entries.reserve_exact(capacity(LEAST));
        }
        let at = self.entries.len();
        self.filled += usize::from(self.indices.enter(hash, at));
        self.entries.push(Entry { hash, key: Some(key), value });
        self.used += 1;
        self.stamp = self.stamp.wrapping_add(1);
        at
    }

    #[inline(always)]
    pub fn value_mut(&mut self, entry: usize) -> Option<&mut V> {
        self.entries.get_mut(entry).map(|e| &mut e.value)
    }

    /// Sizes the index for `entries` entries and drops the deleted ones' places.
    #[inline(never)]
    fn rebuild(&mut self, entries: usize) {
        if self.entries.len() != self.used {
            self.entries.retain(|e| e.key.is_some());
        }
        self.first = 0;
        let size = size_for(entries);
        self.indices = Indices::with_size(size);
        self.entries.reserve_exact(capacity(size).min(entries.max(8)) - self.entries.len());
        for (i, entry) in self.entries.iter().enumerate() {
            self.indices.enter(entry.hash, i);
        }
        self.filled = self.entries.len();
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// Takes an entry out; its index word becomes DELETED.
    pub fn remove(&mut self, entry: usize, slot: usize, hole: V) -> Option<(Value, V)> {
        let e = self.entries.get_mut(entry)?;
        let key = e.key.take()?;
        let value = std::mem::replace(&mut e.value, hole);
        self.indices.set(slot, DELETED);
        self.used -= 1;
        self.stamp = self.stamp.wrapping_add(1);
        if entry == self.first as usize {
            // Popping from the start must not look at the same holes again.
            while self.entries.get(self.first as usize).is_some_and(|e| e.key.is_none()) {
                self.first += 1;
            }
        }
        Some((key, value))
    }

    /// Takes the last entry out. Its place is used again, unlike that of one taken out by its key,
    /// which iterators may have to notice.
    pub fn pop(&mut self, hole: V) -> Option<(Value, V)> {
        self.drop_tail();
        let entry = self.entries.len().checked_sub(1)?;
        let slot = self.slot_of(entry)?;
        let popped = self.remove(entry, slot, hole);
        self.drop_tail();
        popped
    }

    fn drop_tail(&mut self) {
        while self.entries.last().is_some_and(|e| e.key.is_none()) {
            self.entries.pop();
        }
        self.first = self.first.min(self.entries.len() as u32);
    }

    /// The number of index words.
    pub fn index_size(&self) -> usize {
        self.indices.len()
    }
    /// Does an index word (still) point to an entry with this very key?
    pub fn points_to(&self, slot: usize, entry: usize, key: &Value) -> bool {
        self.indices.get(slot) == entry as u32
            && self.entries.get(entry).is_some_and(|e| e.key.as_ref().is_some_and(|k| k.is(key)))
    }

    /// The index word that points to an entry.
    pub fn slot_of(&self, entry: usize) -> Option<usize> {
        let hash = self.entries.get(entry)?.hash;
        let mut walk = Walk::new(hash, self.indices.len() - 1);
        loop {
            let index = self.indices.get(walk.slot);
            if index == entry as u32 {
                return Some(walk.slot);
            }
            if index == EMPTY {
                return None;
            }
            walk.step();
        }
    }

    /// The first live entry at or behind a position.
    #[inline(always)]
    pub fn next_live(&self, at: usize) -> Option<usize> {
        let mut at = at.max(self.first as usize);
        while let Some(entry) = self.entries.get(at) {
            if entry.key.is_some() {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    pub fn live(&self) -> impl DoubleEndedIterator<Item = (&Value, &V, i64)> {
        self.entries.iter().filter_map(|e| e.key.as_ref().map(|k| (k, &e.value, e.hash)))
    }

    /// Empties the table; the old content is returned.
    pub fn take(&mut self) -> Table<V> {
        let stamp = self.stamp.wrapping_add(1);
        let old = std::mem::take(self);
        self.stamp = stamp;
        old
    }

    /// Puts a whole table in place of this one; the old content is returned.
    pub fn replace(&mut self, mut new: Table<V>) -> Table<V> {
        new.stamp = self.stamp.wrapping_add(1);
        std::mem::replace(self, new)
    }
}

impl<V: Clone> Table<V> {
    /// Puts an entry whose key is known to be absent in front of all others, into a hole there. Where
    /// there is none, as many are made as there are entries.
    pub fn push_front(&mut self, hash: i64, key: Value, value: V) {
        if self.next_live(0) == Some(0) || self.entries.is_empty() {
            let gap = self.used.max(8);
            let hole = Entry { hash: 0, key: None, value: value.clone() };
            let size = size_for((gap + self.used + 1).max(self.used * 2));
            let mut entries = Vec::with_capacity(capacity(size).min(gap + self.used + 8));
            entries.resize_with(gap, || Entry {
                hash: hole.hash,
                key: None,
                value: hole.value.clone(),
            });
            entries
                .extend(std::mem::take(&mut self.entries).into_iter().filter(|e| e.key.is_some()));
            self.entries = entries;
            self.first = gap as u32;
            self.indices = Indices::with_size(size);
            self.filled = 0;
            for at in gap..self.entries.len() {
                self.point_to(at);
            }
        }
        let at = self.next_live(0).unwrap_or(self.entries.len()) - 1;
        self.entries[at] = Entry { hash, key: Some(key), value };
        self.first = at as u32;
        if self.filled >= capacity(self.indices.len()) {
            // Only words of deleted entries are in the way.
            self.indices = Indices::with_size(self.indices.len());
            self.filled = 0;
            for at in at..self.entries.len() {
                if self.entries[at].key.is_some() {
                    self.point_to(at);
                }
            }
        } else {
            self.point_to(at);
        }
        self.used += 1;
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// Enters an entry into the index.
    fn point_to(&mut self, at: usize) {
        let hash = self.entries[at].hash;
        self.filled += usize::from(self.indices.enter(hash, at));
    }

    /// A copy without holes.
    pub fn copy(&self) -> Table<V> {
        let dense = self.filled == self.used && self.entries.len() == self.used;
        if dense && self.indices.len() <= 2 * size_for(self.used) {
            return Table {
                indices: self.indices.clone(),
                entries: self.entries.clone(),
                used: self.used,
                filled: self.filled,
                stamp: 0,
                first: 0,
            };
        }
        let mut copy = Table::with_capacity(self.used);
        for e in &self.entries {
            if let Some(key) = &e.key {
                copy.push_new(e.hash, key.clone(), e.value.clone());
            }
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(want: i64) -> impl FnMut(&Value) -> Same {
        move |k| if k.as_small_int() == Some(want) { Same::Yes } else { Same::No }
    }

    fn get(t: &Table<i64>, k: i64) -> Option<i64> {
        match t.find(k % 7, same(k)) {
            Probe::Found { entry, .. } => Some(t.entries()[entry].value),
            _ => None,
        }
    }

    #[test]
    fn insert_find_remove_with_colliding_hashes() {
        let mut t = Table::default();
        for k in 0..500 {
            t.push_new(k % 7, Value::int_unchecked(k), k * 10);
        }
        assert_eq!(t.len(), 500);
        for k in (0..500).step_by(3) {
            match t.find(k % 7, same(k)) {
                Probe::Found { entry, slot } => {
                    assert_eq!(t.remove(entry, slot, 0).map(|(_, v)| v), Some(k * 10));
                }
                _ => panic!("{k} is missing"),
            }
        }
        for k in 0..500 {
            assert_eq!(get(&t, k), if k % 3 == 0 { None } else { Some(k * 10) });
        }
        let order: Vec<i64> = t.live().filter_map(|(k, _, _)| k.as_small_int()).collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn a_queue_does_not_grow() {
        let mut t = Table::default();
        for k in 0..10_000 {
            t.push_new(k, Value::int_unchecked(k), ());
            if k >= 4 {
                let first = t.next_live(0).expect("not empty");
                let slot = t.slot_of(first).expect("indexed");
                t.remove(first, slot, ());
            }
        }
        assert_eq!(t.len(), 4);
        assert!(t.memory() < 2000, "{}", t.memory());
    }
}
