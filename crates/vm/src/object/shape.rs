//! Shapes (hidden classes): which attribute names an instance has, and at which index.
//!
//! Instances of a type that got the same attributes in the same order share one shape, so that an
//! inline cache can answer "where is `x`?" with one comparison. Shapes form a tree that the type
//! owns; a transition adds one name. Deleting an attribute, looking at `__dict__`, or passing
//! `MAX_ATTRIBUTES` turns the instance to a real dict (see `attrs.rs`).
//!
//! CPython's counterpart: the shared keys of `Objects/dictobject.c` (PEP 412).

#![expect(unsafe_code, reason = "shapes are linked by pointers that their type keeps alive")]

use super::Ref;
use crate::objects::str_::Str;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::rc::Rc;

/// Beyond this many attributes an instance keeps a dict.
pub const MAX_ATTRIBUTES: usize = 64;
/// So many ways to go on from one shape are kept, and so many shapes of one type: instances that want
/// more keep a dict, as those do that are used like one.
const MAX_CHILDREN: usize = 64;
const MAX_SHAPES: u32 = 4096;
/// Up to this many names a linear walk over pointers beats a table.
const LINEAR: usize = 8;

/// A list of attribute names with their indices. Lives as long as its type.
pub struct Shape {
    keys: Vec<Ref<Str>>,
    index: OnceCell<hashbrown::HashMap<usize, u32, rapidhash::fast::RandomState>>,
    children: UnsafeCell<Vec<Box<Shape>>>,
    /// How many shapes the tree has; none before the second one.
    family: OnceCell<Rc<Cell<u32>>>,
}

impl Default for Shape {
    fn default() -> Self {
        Shape {
            keys: Vec::new(),
            index: OnceCell::new(),
            children: UnsafeCell::new(Vec::new()),
            family: OnceCell::new(),
        }
    }
}

impl Shape {
    #[inline]
    pub fn len(&self) -> usize {
        self.keys.len()
    }
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
    pub fn keys(&self) -> &[Ref<Str>] {
        &self.keys
    }

    /// Every name in this shape and those that go on from it.
    pub(super) fn for_each_name(&self, f: &mut dyn FnMut(&Ref<Str>)) {
        self.keys.iter().for_each(&mut *f);
        // SAFETY: as in `with`; `f` makes no shape.
        unsafe { &*self.children.get() }.iter().for_each(|child| child.for_each_name(f));
    }

    /// The index of an interned name.
    pub fn find(&self, name: &Ref<Str>) -> Option<usize> {
        let address = name.head().address();
        if self.keys.len() <= LINEAR {
            return self.keys.iter().position(|k| k.head().address() == address);
        }
        let index = self.index.get_or_init(|| {
            self.keys.iter().enumerate().map(|(i, k)| (k.head().address(), i as u32)).collect()
        });
        index.get(&address).map(|&i| i as usize)
    }

    /// The shape with `name` added, or `None` if that would be too many.
    pub fn with(&self, name: &Ref<Str>) -> Option<&Shape> {
        if self.keys.len() >= MAX_ATTRIBUTES {
            return None;
        }
        // SAFETY: the interpreter lock is held and nothing below runs Python code; children are
        // boxed and never removed while the type lives, so references to them stay valid.
        let children = unsafe { &mut *self.children.get() };
        let address = name.head().address();
        let last = self.keys.len();
        let found = children.iter().position(|c| c.keys[last].head().address() == address);
        let at = match found {
            Some(at) => at,
            None => {
                let family = self.family.get_or_init(Rc::default);
                if children.len() >= MAX_CHILDREN || family.get() >= MAX_SHAPES {
                    return None;
                }
                family.set(family.get() + 1);
                let mut keys = Vec::with_capacity(last + 1);
                keys.extend(self.keys.iter().cloned());
                keys.push(name.clone());
                let family = OnceCell::from(family.clone());
                children.push(Box::new(Shape { keys, family, ..Shape::default() }));
                children.len() - 1
            }
        };
        Some(&children[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_vm;

    #[test]
    fn equal_ways_lead_to_one_shape() {
        with_vm(|vm| {
            let root = Shape::default();
            let names: Vec<_> = (0..=MAX_ATTRIBUTES).map(|i| vm.intern(&format!("n{i}"))).collect();
            let mut at = &root;
            assert!(at.is_empty() && at.find(&names[0]).is_none());
            for (i, name) in names[..MAX_ATTRIBUTES].iter().enumerate() {
                let next = at.with(name).expect("room for one more");
                assert!(std::ptr::eq(next, at.with(name).expect("it is there")));
                assert_eq!(next.len(), i + 1);
                // By a walk while they are few, then by a table.
                assert!((0..=i).all(|n| next.find(&names[n]) == Some(n)));
                assert!(names[i + 1..].iter().all(|name| next.find(name).is_none()));
                at = next;
            }
            assert!(at.with(&names[MAX_ATTRIBUTES]).is_none());
            assert!(at.keys().iter().zip(&names).all(|(a, b)| std::ptr::eq::<_>(&**a, &**b)));
        });
    }

    #[test]
    fn a_tree_has_a_limit_in_every_direction() {
        with_vm(|vm| {
            let root = Shape::default();
            let names: Vec<_> = (0..100).map(|i| vm.intern(&format!("n{i}"))).collect();
            let children: Vec<&Shape> = names.iter().filter_map(|name| root.with(name)).collect();
            assert_eq!(children.len(), MAX_CHILDREN);
            // References to the first ones held while more came: boxes do not move.
            assert!(children.iter().zip(&names).all(|(c, name)| c.find(name) == Some(0)));
            let mut made = children.len();
            for child in children {
                made += names.iter().filter(|name| child.with(name).is_some()).count();
            }
            assert_eq!(made, MAX_SHAPES as usize);
        });
    }

    #[test]
    fn names_live_as_long_as_the_tree() {
        with_vm(|vm| {
            let name = vm.intern("a name that only this test has");
            let before = name.head().refcount();
            let root = Shape::default();
            let first = root.with(&name).expect("room");
            let _ = first.with(&vm.intern("another")).expect("room");
            assert_eq!(name.head().refcount(), before + 2);
            let mut seen = 0;
            root.for_each_name(&mut |n| seen += usize::from(std::ptr::eq(n.head(), name.head())));
            assert_eq!(seen, 2);
            drop(root);
            assert_eq!(name.head().refcount(), before);
        });
    }
}
