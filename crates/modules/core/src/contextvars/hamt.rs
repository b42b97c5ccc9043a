//! A persistent map from objects by identity: changing it makes a new map that shares nearly all of
//! the old one, in a logarithmic number of steps.
//!
//! It is a hash array mapped trie: each node has up to 32 entries, chosen by five bits of the key's
//! hash. The hash is a bijection of the word, so that two keys differ in some bit and there are no
//! collisions. The nodes are objects of their own, since maps share them and the collector counts
//! who refers to what. CPython's counterpart: `Python/hamt.c`.

use adder_derive::{pyclass, pymethods};
use adder_vm::object::Visitor;
use adder_vm::object::trace::{Empty, Trace};
use adder_vm::objects::type_::declare::type_object;
use adder_vm::{Ref, Value};

const BITS: u32 = 5;

/// The bit of a key's entry in a node at some level; 13 levels use up the hash.
fn bit(key: &Value, level: u32) -> u32 {
    // An odd factor (2^64 over the golden ratio) permutes the words and spreads their low bits.
    let hash = key.bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    1 << (hash.rotate_left(BITS * (level + 1)) & 31)
}

#[derive(Clone)]
enum Entry {
    Leaf(Value, Value),
    Child(Ref<Node>),
}

impl Trace for Entry {
    fn trace(&self, visit: &mut Visitor<'_>) {
        match self {
            Entry::Leaf(key, value) => {
                visit(key);
                visit(value);
            }
            Entry::Child(node) => node.trace(visit),
        }
    }
}

/// One node: the entries of the bits that are set, in their order.
#[pyclass(name = "hamt_node", no_new)]
pub struct Node {
    #[notrace]
    bitmap: u32,
    entries: Vec<Entry>,
}

#[pymethods]
impl Node {}

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

    fn get(&self, key: &Value, level: u32) -> Option<Value> {
        match self.entry(bit(key, level))? {
            Entry::Leaf(k, value) if k.is(key) => Some(value.clone()),
            Entry::Leaf(..) => None,
            Entry::Child(node) => node.get(key, level + 1),
        }
    }

    /// A node with the entry of a bit replaced.
    fn replacing(&self, bit: u32, entry: Entry) -> Ref<Node> {
        let mut entries = self.entries.clone();
        entries[self.index(bit)] = entry;
        Node::make(self.bitmap, entries)
    }

    /// The node with `key` set, and whether the key is new.
    fn with(&self, key: &Value, value: Value, level: u32) -> (Ref<Node>, bool) {
        let bit = bit(key, level);
        let leaf = Entry::Leaf(key.clone(), value.clone());
        match self.entry(bit) {
            None => {
                let mut entries = self.entries.clone();
                entries.insert(self.index(bit), leaf);
                (Node::make(self.bitmap | bit, entries), true)
            }
            Some(Entry::Leaf(k, _)) if k.is(key) => (self.replacing(bit, leaf), false),
            Some(other @ Entry::Leaf(k, _)) => {
                let alone = Node::make(self::bit(k, level + 1), vec![other.clone()]);
                let (both, _) = alone.with(key, value, level + 1);
                (self.replacing(bit, Entry::Child(both)), true)
            }
            Some(Entry::Child(node)) => {
                let (node, new) = node.with(key, value, level + 1);
                (self.replacing(bit, Entry::Child(node)), new)
            }
        }
    }

    /// The node without `key`; `None` if the key is not there.
    fn without(&self, key: &Value, level: u32) -> Option<Ref<Node>> {
        let bit = bit(key, level);
        match self.entry(bit)? {
            Entry::Leaf(k, _) if !k.is(key) => None,
            Entry::Leaf(..) => Some(self.dropping(bit)),
            Entry::Child(node) => {
                let rest = node.without(key, level + 1)?;
                // A leaf alone moves up, so that equal maps have equal shapes.
                Some(match rest.entries.as_slice() {
                    [] => self.dropping(bit),
                    [leaf @ Entry::Leaf(..)] => self.replacing(bit, leaf.clone()),
                    _ => self.replacing(bit, Entry::Child(rest)),
                })
            }
        }
    }

    fn dropping(&self, bit: u32) -> Ref<Node> {
        let mut entries = self.entries.clone();
        entries.remove(self.index(bit));
        Node::make(self.bitmap & !bit, entries)
    }

    fn collect(&self, into: &mut Vec<(Value, Value)>) {
        for entry in &self.entries {
            match entry {
                Entry::Leaf(key, value) => into.push((key.clone(), value.clone())),
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

impl Map {
    pub fn new() -> Map {
        Map { root: Node::make(0, Vec::new()), len: 0 }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn get(&self, key: &Value) -> Option<Value> {
        self.root.get(key, 0)
    }
    #[must_use]
    pub fn with(&self, key: &Value, value: Value) -> Map {
        let (root, new) = self.root.with(key, value, 0);
        Map { root, len: self.len + usize::from(new) }
    }
    #[must_use]
    pub fn without(&self, key: &Value) -> Map {
        match self.root.without(key, 0) {
            Some(root) => Map { root, len: self.len - 1 },
            None => self.clone(),
        }
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
        bag.push(std::mem::replace(self, Map::new()).root.into());
    }
}
