//! `type`: classes, built-in and made at run time.
//!
//! A type holds its layout (what lies in an instance), its slots (what an instance can do), its own
//! names (`dict`) and its MRO. `version` is a number for caches: it stands for everything that a
//! lookup on the type can find, and goes to zero when the type or one of its bases changes.
//!
//! | file | what |
//! | --- | --- |
//! | `mod.rs` | the payload, lookup, versions |
//! | `slots.rs`, `generic.rs` | the slot table, and the slots that call Python methods |
//! | `declare.rs` | built-in types from their declarations |
//! | `build.rs` | `type(name, bases, dict)`: classes made at run time |
//! | `flags.rs` | the flags that Python sees |
//! | `mro.rs` | C3 linearisation |
//! | `methods.rs` | the Python-visible methods and attributes of `type` |
//!
//! CPython's counterpart: `Objects/typeobject.c`.

pub mod build;
pub mod declare;
pub mod flags;
pub mod generic;
pub mod methods;
pub mod mro;
pub mod slots;

use crate::object::shape::Shape;
use crate::object::trace::Trace;
use crate::object::{GilCell, Guarded, Obj, Ref, TypeCell, ValueCell, Visitor};
use crate::objects::dict::Dict;
use crate::objects::str_::Str;
use crate::value::Value;
use adder_derive::pyclass;
use slots::Slots;
use std::cell::Cell;

bitflags::bitflags! {
    /// What is special about a type. The numbers that Python sees are CPython's `Py_TPFLAGS_*`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct TypeFlags: u32 {
        /// Made at run time; its instances keep it alive.
        const HEAP = 1 << 9;
        /// May be subclassed.
        const BASE_TYPE = 1 << 10;
        /// Its own `__call__` takes arguments as they lie (PEP 590). As all native ones here do, this
        /// only says what CPython says of the type.
        const VECTORCALL = 1 << 11;
        /// A method need not be bound to be called.
        const METHOD_DESCRIPTOR = 1 << 17;
        /// Cannot be changed.
        const IMMUTABLE = 1 << 8;
        /// Cannot be called to make instances.
        const NO_NEW = 1 << 7;
        const SEQUENCE = 1 << 5;
        const MAPPING = 1 << 6;
        /// Has abstract methods that a subclass must define.
        const ABSTRACT = 1 << 20;
        /// `__getattr__` or an own `__getattribute__` is somewhere on the MRO.
        const CUSTOM_GETATTR = 1 << 21;
        /// A class whose instances may be referred to weakly.
        const WEAKREF = 1 << 22;
    }
}

/// type(object) -> the object's type
/// type(name, bases, dict, **kwds) -> a new type
#[pyclass(name = "type", base_type, vectorcall)]
pub struct Type {
    #[notrace]
    pub(crate) name: Guarded<Box<str>>,
    #[notrace]
    pub(crate) qualname: Guarded<Box<str>>,
    #[notrace]
    layout: &'static TypeCell,
    pub(crate) base: Guarded<Option<Ref<Type>>>,
    pub(crate) bases: Bases,
    pub(crate) mro: Guarded<Mro>,
    dict: DictCell,
    /// What the dict gets when it is first looked into.
    #[notrace]
    pending: Cell<Option<declare::Pending>>,
    #[notrace]
    version: Cell<u32>,
    /// How often a plain value, here or in a base, took another's place: see [`Type::value_replaced`].
    #[notrace]
    values: Cell<u32>,
    #[notrace]
    pub slots: Slots,
    /// Bytes of an instance without collector head, tail and inline values.
    pub(crate) basic_size: usize,
    /// Where the instance's `Attrs` lie; 0 if it has none.
    pub(crate) attrs_offset: usize,
    /// Are instances nothing but head and payload (and tail), and the type never freed?
    pub(crate) plain: bool,
    /// Do instances carry a collector header? Those of classes made at run time always do.
    pub(crate) collectable: bool,
    /// Where the values of `__slots__` lie, inherited ones included.
    #[notrace]
    pub(crate) slot_offsets: Box<[u32]>,
    /// How many attributes instances turned out to have.
    #[notrace]
    pub(crate) inline_hint: Cell<u8>,
    #[notrace]
    root_shape: Shape,
    #[notrace]
    pub(crate) flags: Cell<TypeFlags>,
    /// Addresses of direct subclasses; they leave the list when they die.
    #[notrace]
    subclasses: Guarded<Vec<usize>>,
    /// What `__abstractmethods__` was set to.
    pub(crate) abstract_methods: ValueCell,
    /// The docstring of a native type, whose dict may hold that of its instances.
    #[notrace]
    pub(crate) doc: Cell<&'static str>,
    /// How a native type is called, as its declaration says.
    #[notrace]
    pub(crate) signature: Cell<Option<&'static str>>,
}

/// The type's dict; there is none before somebody asks for it.
struct DictCell(std::cell::OnceCell<Ref<Dict>>);

impl Trace for DictCell {
    fn trace(&self, visit: &mut Visitor<'_>) {
        if let Some(dict) = self.0.get() {
            dict.trace(visit);
        }
    }
}

/// A type's bases. The collector sees them but does not take them away: a type that dies has to tell
/// them (the cycle is broken at the method resolution order).
pub(crate) struct Bases(Guarded<Vec<Ref<Type>>>);

impl std::ops::Deref for Bases {
    type Target = Guarded<Vec<Ref<Type>>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Trace for Bases {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.with(|bases| bases.trace(visit));
    }
}

/// A method resolution order.
pub type Mro = Vec<Ref<Type>>;

impl crate::object::trace::Empty for Mro {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        // The first entry is the type itself: emptying the list breaks that cycle. A type under
        // destruction finds nothing any more.
        bag.extend(self.drain(..).map(Value::from));
    }
}

/// Versions are never used twice; when they run out, types stay uncached.
static NEXT_VERSION: GilCell<u32> = GilCell::new(1);

/// The method cache: (version, name) to what the MRO holds. One entry a slot, replaced on collision. A
/// power of two.
const CACHE_SIZE: usize = 4096;

struct CacheEntry {
    version: u32,
    values: u32,
    /// Owned, so that no other name comes to lie at its address.
    name: Option<Ref<Str>>,
    /// A borrowed value word (kept alive by the type as long as both numbers hold), or 0.
    found: u64,
}

struct LookupCache {
    entries: [CacheEntry; CACHE_SIZE],
    /// How many of them are in use, less one: a short program needs few, and each page of them is one
    /// that somebody has to provide.
    mask: usize,
    /// How many were written since that number changed.
    written: usize,
}

static CACHE: GilCell<LookupCache> = GilCell::new(LookupCache {
    entries: [const { CacheEntry { version: 0, values: 0, name: None, found: 0 } }; CACHE_SIZE],
    mask: 0,
    written: 0,
});

/// Empties the method cache.
pub(crate) fn forget_lookups() {
    for at in 0..CACHE_SIZE {
        let empty = CacheEntry { version: 0, values: 0, name: None, found: 0 };
        drop(CACHE.with(|cache| std::mem::replace(&mut cache.entries[at], empty)));
    }
}

impl LookupCache {
    const FIRST_SIZE: usize = 512;

    /// Where a lookup is remembered.
    #[inline(always)]
    fn place(&self, version: u32, address: usize) -> usize {
        (version as usize ^ (address >> 3)) & self.mask & (CACHE_SIZE - 1)
    }

    /// The entry that gives way is returned.
    fn enter(&mut self, address: usize, entry: CacheEntry) -> CacheEntry {
        self.written += 1;
        if self.written > 2 * self.mask && self.mask < CACHE_SIZE - 1 {
            self.mask = (2 * self.mask + 1).max(LookupCache::FIRST_SIZE - 1);
            self.written = 0;
        }
        let at = self.place(entry.version, address);
        std::mem::replace(&mut self.entries[at], entry)
    }
}

/// The fixed parts of a new type.
pub(crate) struct Parts {
    pub name: Box<str>,
    pub qualname: Box<str>,
    pub layout: &'static TypeCell,
    pub base: Option<Ref<Type>>,
    pub bases: Vec<Ref<Type>>,
    pub basic_size: usize,
    pub attrs_offset: usize,
    pub slot_offsets: Box<[u32]>,
    pub flags: TypeFlags,
}

impl Type {
    pub(crate) fn from_parts(parts: Parts) -> Type {
        Type {
            name: Guarded::new(parts.name),
            qualname: Guarded::new(parts.qualname),
            layout: parts.layout,
            base: Guarded::new(parts.base),
            bases: Bases(Guarded::new(parts.bases)),
            mro: Guarded::new(Vec::new()),
            dict: DictCell(std::cell::OnceCell::new()),
            pending: Cell::new(None),
            version: Cell::new(0),
            values: Cell::new(0),
            slots: Slots::default(),
            basic_size: parts.basic_size,
            attrs_offset: parts.attrs_offset,
            plain: parts.attrs_offset == 0
                && parts.slot_offsets.is_empty()
                && !parts.flags.contains(TypeFlags::HEAP),
            collectable: parts.layout.gc || parts.flags.contains(TypeFlags::HEAP),
            slot_offsets: parts.slot_offsets,
            inline_hint: Cell::new(0),
            root_shape: Shape::default(),
            flags: Cell::new(parts.flags),
            subclasses: Guarded::new(Vec::new()),
            abstract_methods: ValueCell::default(),
            doc: Cell::new(""),
            signature: Cell::new(None),
        }
    }

    #[inline(always)]
    pub fn layout(&self) -> &'static TypeCell {
        self.layout
    }
    pub(crate) fn root_shape(&self) -> &Shape {
        &self.root_shape
    }
    pub fn has_flag(&self, flag: TypeFlags) -> bool {
        self.flags.get().contains(flag)
    }
    pub fn set_flag(&self, flag: TypeFlags, on: bool) {
        let mut flags = self.flags.get();
        flags.set(flag, on);
        self.flags.set(flags);
    }

    /// What error texts call it (`tp_name`): a built-in type's name has its module in front, unless
    /// that is `builtins`.
    pub fn name(&self) -> Box<str> {
        self.name.get()
    }
    /// `__name__`
    pub fn short_name(&self) -> Box<str> {
        let name = self.name.get();
        match name.rsplit_once('.') {
            Some((_, short)) if !self.has_flag(TypeFlags::HEAP) => short.into(),
            _ => name,
        }
    }
    /// The type's own names. (Its `__dict__`, which Python sees through a proxy.)
    #[inline]
    pub fn dict(&self) -> &Obj<Dict> {
        if let Some(pending) = self.pending.get() {
            self.fill_dict(pending);
        }
        self.dict.0.get_or_init(Dict::new_ref)
    }
    #[cold]
    #[inline(never)]
    fn fill_dict(&self, pending: declare::Pending) {
        self.pending.set(None);
        pending.fill(self.dict.0.get_or_init(|| Dict::with_capacity(pending.size())));
    }
    fn fill_later(&self, pending: declare::Pending) {
        self.pending.set(Some(pending));
    }
    pub(crate) fn set_dict(&self, dict: Ref<Dict>) {
        // A second call would be a bug in `build`; the first dict stays.
        let _ = self.dict.0.set(dict);
    }
    pub fn base(&self) -> Option<Ref<Type>> {
        self.base.get()
    }
    /// Looks at the MRO; `f` runs no Python code and drops no value.
    pub fn with_mro<R>(&self, f: impl FnOnce(&[Ref<Type>]) -> R) -> R {
        self.mro.with(|mro| f(mro))
    }
    pub fn mro(&self) -> Mro {
        self.mro.get()
    }

    /// The number that stands for what lookups on this type find; 0 if there are no numbers left.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        let version = self.version.get();
        if version != 0 { version } else { self.new_version() }
    }
    /// The version, if the type has one already; else 0.
    #[inline(always)]
    pub fn known_version(&self) -> u32 {
        self.version.get()
    }
    #[inline(always)]
    pub fn has_version(&self, version: u32) -> bool {
        self.version.get() == version
    }

    #[cold]
    fn new_version(&self) -> u32 {
        // A change of a base must reach this type, so the bases need a version first.
        self.bases.with(|bases| {
            bases.iter().for_each(|b| {
                b.version();
            })
        });
        let next = NEXT_VERSION.with(|n| {
            let next = *n;
            if next != 0 {
                *n = n.wrapping_add(1);
            }
            next
        });
        self.version.set(next);
        next
    }

    /// Forgets the version of this type and of all its subclasses: something changed.
    pub fn modified(&self) {
        self.version.set(0);
        let mut waiting = self.subclass_refs();
        while let Some(ty) = waiting.pop() {
            // A type without a version has none below it either: see `new_version`.
            if ty.version.replace(0) != 0 {
                waiting.extend(ty.subclass_refs());
            }
        }
    }

    /// The number that stands, together with the version, for the plain values that lookups find.
    #[inline(always)]
    pub fn values(&self) -> u32 {
        self.values.get()
    }

    /// A value of this type's dict took another's place, and neither is a descriptor: `Class.count += 1`.
    /// Lookups find other values than before, but nothing else about the type has changed, so that its
    /// version holds, and with it what is known of its instances' attributes and its methods.
    pub fn value_replaced(&self) {
        self.count_value();
        if self.subclasses.with(Vec::is_empty) {
            return;
        }
        let mut waiting = self.subclass_refs();
        while let Some(ty) = waiting.pop() {
            ty.count_value();
            waiting.extend(ty.subclass_refs());
        }
    }

    fn count_value(&self) {
        match self.values.get().checked_add(1) {
            Some(next) => self.values.set(next),
            None => self.modified(),
        }
    }

    /// The direct subclasses that are alive, oldest first.
    pub fn subclass_refs(&self) -> Vec<Ref<Type>> {
        let addresses = self.subclasses.get();
        addresses.into_iter().filter_map(crate::object::weak::live_type).collect()
    }
    pub(crate) fn add_subclass(&self, ty: &Obj<Type>) {
        let address = ty.head().address();
        self.subclasses.with_mut(|s| s.push(address));
    }
    pub(crate) fn remove_subclass(&self, address: usize) {
        self.subclasses.with_mut(|s| s.retain(|a| *a != address));
    }

    /// Finds an interned name along the MRO. CPython's `_PyType_Lookup`.
    #[inline]
    pub fn lookup(&self, name: &Ref<Str>) -> Option<Value> {
        let version = self.version();
        let address = name.head().address();
        if version != 0 {
            let hit = CACHE.with(|c| {
                let entry = &c.entries[c.place(version, address)];
                let same = entry.name.as_ref().is_some_and(|n| n.head().address() == address);
                if same && entry.version == version && entry.values == self.values.get() {
                    Some(crate::object::weak::borrowed_word(entry.found))
                } else {
                    None
                }
            });
            if let Some(found) = hit {
                return found;
            }
        }
        let found = self.lookup_uncached(name);
        if version != 0 && name.is_interned() {
            let word = found.as_ref().map_or(0, Value::bits);
            let entry = CacheEntry {
                version,
                values: self.values.get(),
                name: Some(name.clone()),
                found: word,
            };
            drop(CACHE.with(|c| c.enter(address, entry)));
        }
        found
    }

    fn lookup_uncached(&self, name: &Str) -> Option<Value> {
        self.mro.with(|mro| mro.iter().find_map(|ty| ty.dict().get_str(name)))
    }

    /// Where on the MRO an interned name is defined.
    pub fn lookup_owner(&self, name: &Str) -> Option<(Ref<Type>, Value)> {
        self.mro
            .with(|mro| mro.iter().find_map(|ty| ty.dict().get_str(name).map(|v| (ty.clone(), v))))
    }
}

impl Obj<Type> {
    /// Is this the type itself or one of its bases? (Real inheritance, not `__subclasscheck__`.)
    #[inline]
    pub fn is_subtype(&self, base: &Obj<Type>) -> bool {
        std::ptr::eq(self, base)
            || self.mro.with(|mro| mro.iter().any(|t| std::ptr::eq::<Obj<Type>>(&**t, base)))
    }
    pub fn same(&self, other: &Obj<Type>) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        // Cached words of this type's dict must not be found again: versions are unique, so there
        // is nothing to do for the cache; the bases must forget the address.
        let own = self as *const Type as usize - std::mem::offset_of!(Obj<Type>, payload);
        for base in self.bases.get() {
            base.remove_subclass(own);
        }
    }
}
