//! A persistent map: changing it makes a new map that shares nearly all of the old one, in a
//! logarithmic number of steps.
//!
//! It is a hash array mapped trie: each node has up to 32 entries, chosen by five bits of the key's
//! hash. Keys with the same hash lie together in a bucket. The nodes are objects of their own, since
//! maps share them and the collector counts who refers to what. What makes two keys the same is up to
//! the user ([`Keys`]); nothing of a map changes while that is found out. CPython's counterpart:
//! `Python/hamt.c`.

use adder_derive::{pyclass, pymethods};
use adder_vm::object::Visitor;
use adder_vm::object::trace::{Empty, Trace};
use adder_vm::objects::type_::declare::type_object;
use adder_vm::protocol::compare;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Ref, Value, Vm};
use std::convert::Infallible;

const BITS: u32 = 5;

/// What makes two keys with equal hashes the same key.
pub trait Keys {
    type Error;
    fn same(&self, a: &Value, b: &Value) -> Result<bool, Self::Error>;
}

/// Keys are the same if they are one object; its word is the hash.
pub struct Identity;

impl Keys for Identity {
    type Error = Infallible;
    fn same(&self, a: &Value, b: &Value) -> Result<bool, Infallible> {
        Ok(a.is(b))
    }
}

/// Keys are the same if they are equal, as in a dict.
pub struct Equality<'a>(pub &'a Vm);

impl Keys for Equality<'_> {
    type Error = Exc;
    fn same(&self, a: &Value, b: &Value) -> PyResult<bool> {
        if a.is(b) { Ok(true) } else { compare::equal(self.0, a, b) }
    }
}

/// The bit of a hash's entry in a node at some level; 13 levels use up the hash.
fn bit(hash: u64, level: u32) -> u32 {
    // An odd factor (2^64 over the golden ratio) permutes the hashes and spreads their low bits.
    let spread = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1 << (spread.rotate_left(BITS * (level + 1)) & 31)
}

#[derive(Clone)]
struct Leaf {
    hash: u64,
    key: Value,
    value: Value,
}

impl Trace for Leaf {
    fn trace(&self, visit: &mut Visitor<'_>) {
        visit(&self.key);
        visit(&self.value);
    }
}

#[derive(Clone)]
enum Entry {
    Leaf(Leaf),
    Bucket(Ref<Bucket>),
    Child(Ref<Node>),
}

impl Trace for Entry {
    fn trace(&self, visit: &mut Visitor<'_>) {
        match self {
            Entry::Leaf(leaf) => leaf.trace(visit),
            Entry::Bucket(bucket) => bucket.trace(visit),
            Entry::Child(node) => node.trace(visit),
        }
    }
}

/// Two or more keys with one hash.
#[pyclass(name = "hamt_collision_node", no_new)]
pub struct Bucket {
    #[notrace]
    hash: u64,
    leaves: Vec<Leaf>,
}

#[pymethods]
impl Bucket {}

impl Bucket {
    fn make(hash: u64, leaves: Vec<Leaf>) -> Ref<Bucket> {
        Ref::with_type(Bucket { hash, leaves }, type_object::<Bucket>())
    }
    fn position<K: Keys>(&self, keys: &K, key: &Value) -> Result<Option<usize>, K::Error> {
        for (at, leaf) in self.leaves.iter().enumerate() {
            if keys.same(&leaf.key, key)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// One node: the entries of the bits that are set, in their order.
#[pyclass(name = "hamt_bitmap_node", no_new)]
pub struct Node {
    #[notrace]
    bitmap: u32,
    entries: Vec<Entry>,
}

#[pymethods]
impl Node {}

/// What setting a key changed.
enum Change {
    /// The value was there already.
    Nothing,
    Value(Ref<Node>),
    /// The key is new.
    Key(Ref<Node>),
}

impl Node {
    fn make(bitmap: u32, entries: Vec<Entry>) -> Ref<Node> {
        Ref::with_type(Node { bitmap, entries }, type_object::<Node>())
    }
    /// Where the entry of a bit is, or belongs.
    fn index(&self, bit: u32) -> usize {
        (self.bitmap & (bit - 1)).count_ones() as usize
    }
    fn entry(&self, bit: u32) -> Option<&Entry> {
        if self.bitmap & bit == 0 { None } else { self.entries.get(self.index(bit)) }
    }

    fn get<K: Keys>(
        &self,
        keys: &K,
        hash: u64,
        key: &Value,
        level: u32,
    ) -> Result<Option<Value>, K::Error> {
        Ok(match self.entry(bit(hash, level)) {
            Some(Entry::Leaf(leaf)) if leaf.hash == hash && keys.same(&leaf.key, key)? => {
                Some(leaf.value.clone())
            }
            Some(Entry::Bucket(bucket)) if bucket.hash == hash => {
                bucket.position(keys, key)?.map(|at| bucket.leaves[at].value.clone())
            }
            Some(Entry::Child(node)) => node.get(keys, hash, key, level + 1)?,
            _ => None,
        })
    }

    /// A node with the entry of a bit replaced.
    fn replacing(&self, bit: u32, entry: Entry) -> Ref<Node> {
        let mut entries = self.entries.clone();
        entries[self.index(bit)] = entry;
        Node::make(self.bitmap, entries)
    }

    /// A node with the entries of two hashes, as far down as their bits agree.
    fn both(old: (u64, Entry), new: (u64, Entry), level: u32) -> Ref<Node> {
        let bits = (bit(old.0, level), bit(new.0, level));
        let entries = match bits.0.cmp(&bits.1) {
            std::cmp::Ordering::Less => vec![old.1, new.1],
            std::cmp::Ordering::Greater => vec![new.1, old.1],
            std::cmp::Ordering::Equal => vec![Entry::Child(Node::both(old, new, level + 1))],
        };
        Node::make(bits.0 | bits.1, entries)
    }

    /// The node with a key set.
    fn with<K: Keys>(&self, keys: &K, leaf: Leaf, level: u32) -> Result<Change, K::Error> {
        let bit = bit(leaf.hash, level);
        Ok(match self.entry(bit) {
            None => {
                let mut entries = self.entries.clone();
                entries.insert(self.index(bit), Entry::Leaf(leaf));
                Change::Key(Node::make(self.bitmap | bit, entries))
            }
            Some(Entry::Leaf(old)) if old.hash == leaf.hash => {
                if !keys.same(&old.key, &leaf.key)? {
                    let bucket = Bucket::make(old.hash, vec![old.clone(), leaf]);
                    Change::Key(self.replacing(bit, Entry::Bucket(bucket)))
                } else if old.value.is(&leaf.value) {
                    Change::Nothing
                } else {
                    let leaf = Leaf { key: old.key.clone(), ..leaf };
                    Change::Value(self.replacing(bit, Entry::Leaf(leaf)))
                }
            }
            Some(Entry::Bucket(bucket)) if bucket.hash == leaf.hash => {
                let at = bucket.position(keys, &leaf.key)?;
                let mut leaves = bucket.leaves.clone();
                match at {
                    Some(at) if leaves[at].value.is(&leaf.value) => return Ok(Change::Nothing),
                    Some(at) => leaves[at].value = leaf.value,
                    None => leaves.push(leaf),
                }
                let node = self.replacing(bit, Entry::Bucket(Bucket::make(bucket.hash, leaves)));
                if at.is_some() { Change::Value(node) } else { Change::Key(node) }
            }
            Some(Entry::Child(node)) => {
                let replacing = |node| self.replacing(bit, Entry::Child(node));
                match node.with(keys, leaf, level + 1)? {
                    Change::Nothing => Change::Nothing,
                    Change::Value(node) => Change::Value(replacing(node)),
                    Change::Key(node) => Change::Key(replacing(node)),
                }
            }
            Some(other) => {
                let hash = match other {
                    Entry::Leaf(leaf) => leaf.hash,
                    Entry::Bucket(bucket) => bucket.hash,
                    Entry::Child(_) => unreachable!("a child was taken care of above"),
                };
                let new = (leaf.hash, Entry::Leaf(leaf));
                let both = Node::both((hash, other.clone()), new, level + 1);
                Change::Key(self.replacing(bit, Entry::Child(both)))
            }
        })
    }

    /// The node without a key; `None` if the key is not there.
    fn without<K: Keys>(
        &self,
        keys: &K,
        hash: u64,
        key: &Value,
        level: u32,
    ) -> Result<Option<Ref<Node>>, K::Error> {
        let bit = bit(hash, level);
        Ok(match self.entry(bit) {
            Some(Entry::Leaf(leaf)) if leaf.hash == hash && keys.same(&leaf.key, key)? => {
                Some(self.dropping(bit))
            }
            Some(Entry::Bucket(bucket)) if bucket.hash == hash => {
                bucket.position(keys, key)?.map(|at| {
                    let mut leaves = bucket.leaves.clone();
                    leaves.remove(at);
                    self.replacing(
                        bit,
                        match leaves.as_slice() {
                            [last] => Entry::Leaf(last.clone()),
                            _ => Entry::Bucket(Bucket::make(bucket.hash, leaves)),
                        },
                    )
                })
            }
            Some(Entry::Child(node)) => {
                node.without(keys, hash, key, level + 1)?.map(|rest| {
                    // What is left alone moves up, so that equal maps have equal shapes.
                    match rest.entries.as_slice() {
                        [] => self.dropping(bit),
                        [alone @ (Entry::Leaf(_) | Entry::Bucket(_))] => {
                            self.replacing(bit, alone.clone())
                        }
                        _ => self.replacing(bit, Entry::Child(rest)),
                    }
                })
            }
            _ => None,
        })
    }

    fn dropping(&self, bit: u32) -> Ref<Node> {
        let mut entries = self.entries.clone();
        entries.remove(self.index(bit));
        Node::make(self.bitmap & !bit, entries)
    }

    fn collect(&self, into: &mut Vec<(Value, Value)>) {
        let pair = |leaf: &Leaf| (leaf.key.clone(), leaf.value.clone());
        for entry in &self.entries {
            match entry {
                Entry::Leaf(leaf) => into.push(pair(leaf)),
                Entry::Bucket(bucket) => into.extend(bucket.leaves.iter().map(pair)),
                Entry::Child(node) => node.collect(into),
            }
        }
    }
}

/// The map: its root, and how many keys it has.
#[derive(Clone)]
pub struct Map {
    root: Ref<Node>,
    len: usize,
}

impl Default for Map {
    fn default() -> Map {
        Map { root: Node::make(0, Vec::new()), len: 0 }
    }
}

impl Map {
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn get<K: Keys>(
        &self,
        keys: &K,
        hash: u64,
        key: &Value,
    ) -> Result<Option<Value>, K::Error> {
        self.root.get(keys, hash, key, 0)
    }
    /// The map with a key set; `None` if it has that value already.
    pub fn with<K: Keys>(
        &self,
        keys: &K,
        hash: u64,
        key: Value,
        value: Value,
    ) -> Result<Option<Map>, K::Error> {
        Ok(match self.root.with(keys, Leaf { hash, key, value }, 0)? {
            Change::Nothing => None,
            Change::Value(root) => Some(Map { root, len: self.len }),
            Change::Key(root) => Some(Map { root, len: self.len + 1 }),
        })
    }
    /// The map without a key; `None` if it is not there.
    pub fn without<K: Keys>(
        &self,
        keys: &K,
        hash: u64,
        key: &Value,
    ) -> Result<Option<Map>, K::Error> {
        let root = self.root.without(keys, hash, key, 0)?;
        Ok(root.map(|root| Map { root, len: self.len - 1 }))
    }
    pub fn entries(&self) -> Vec<(Value, Value)> {
        let mut all = Vec::with_capacity(self.len);
        self.root.collect(&mut all);
        all
    }
}

impl Trace for Map {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.root.trace(visit);
    }
}

impl Empty for Map {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.push(std::mem::take(self).root.into());
    }
}
