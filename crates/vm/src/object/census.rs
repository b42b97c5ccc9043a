//! Which blocks are given out, and which objects lie in them: the book that the stress build keeps
//! (feature `stress`). In any other build nothing here does anything.
//!
//! What is *permanent* may be there when the program has ended: what was made before its first line, the
//! types of Rust's own and what native modules make when they are imported, with all that these refer to.
//! `runtime/stress.rs` looks for anything else.

use super::{GilCell, ObjHead, alloc};
use crate::objects::code::Code;
use crate::objects::type_::Type;
use crate::value::Value;
use std::collections::HashMap;
use std::ptr::NonNull;

/// Is this the stress build?
pub const ON: bool = cfg!(feature = "stress");

struct Block {
    /// The object that lies in it: a generator's frame has none.
    object: Option<NonNull<ObjHead>>,
    permanent: bool,
}

struct Book {
    blocks: Option<HashMap<usize, Block>>,
    /// How many makers of permanent things are at work.
    makers: usize,
}

static BOOK: GilCell<Book> = GilCell::new(Book { blocks: None, makers: 0 });

fn with_blocks<R>(f: impl FnOnce(&mut HashMap<usize, Block>, bool) -> R) -> R {
    BOOK.with(|book| f(book.blocks.get_or_insert_default(), book.makers > 0))
}

/// A block was given out.
#[inline(always)]
pub(super) fn given(block: NonNull<u8>) {
    if ON {
        let address = block.as_ptr() as usize;
        let known = with_blocks(|blocks, permanent| {
            blocks.insert(address, Block { object: None, permanent }).is_some()
        });
        assert!(!known, "a block was given out twice");
    }
}

/// A block came back.
#[inline(always)]
pub(super) fn returned(block: NonNull<u8>) {
    if ON {
        let known = with_blocks(|blocks, _| blocks.remove(&(block.as_ptr() as usize)).is_some());
        assert!(known, "a block came back that was not given out");
    }
}

/// A block became another one, with what lies in it.
#[inline(always)]
pub(super) fn moved(old: NonNull<u8>, new: NonNull<u8>) {
    if ON && old != new {
        with_blocks(|blocks, _| {
            let (from, to) = (old.as_ptr() as usize, new.as_ptr() as usize);
            if let Some(block) = blocks.remove(&from) {
                let object = block.object.map(|object| {
                    object.map_addr(|at| std::num::NonZero::new(at.get() - from + to).unwrap_or(at))
                });
                blocks.insert(to, Block { object, ..block });
            }
        });
    }
}

/// An object was made in a block.
#[inline(always)]
pub(super) fn born(block: *mut u8, object: NonNull<ObjHead>) {
    if ON {
        with_blocks(|blocks, _| {
            if let Some(block) = blocks.get_mut(&(block as usize)) {
                block.object = Some(object);
            }
        });
    }
}

/// The start is over: what there is now is permanent.
pub(crate) fn settle() {
    if ON {
        with_blocks(|blocks, _| blocks.values_mut().for_each(|block| block.permanent = true));
    }
}

/// What `f` makes is permanent.
#[inline(always)]
pub fn permanently<R>(f: impl FnOnce() -> R) -> R {
    if !ON {
        return f();
    }
    BOOK.with(|book| book.makers += 1);
    let result = f();
    BOOK.with(|book| book.makers -= 1);
    result
}

/// An object is permanent from now on.
#[inline(always)]
pub(crate) fn keep(object: &ObjHead) {
    if ON {
        let before = if object.gc().is_some() { size_of::<super::GcHead>() } else { 0 };
        with_blocks(|blocks, _| {
            if let Some(block) = blocks.get_mut(&(object.address() - before)) {
                block.permanent = true;
            }
        });
    }
}

/// What is neither permanent nor referred to by what is: the objects, and the number of blocks that hold none.
pub(crate) fn left_over() -> (Vec<NonNull<ObjHead>>, usize) {
    let mut waiting = Vec::new();
    let mut rest = HashMap::new();
    let mut others = 0;
    with_blocks(|blocks, _| {
        for block in blocks.values() {
            match block.object {
                Some(object) if block.permanent => waiting.push(object),
                Some(object) => drop(rest.insert(object.addr().get(), object)),
                None => others += usize::from(!block.permanent),
            }
        }
    });
    while let Some(object) = waiting.pop() {
        let mut visit = |value: &Value| {
            if let Some(head) = value.head()
                && rest.remove(&head.address()).is_some()
            {
                waiting.push(NonNull::from(head));
            }
        };
        let object = alloc::look_at(object);
        alloc::traverse(object, &mut visit);
        // What is no part of a cycle is not shown by that: names of attributes, and what code refers to.
        let value = object.to_value();
        if let Some(ty) = value.downcast::<Type>() {
            ty.root_shape().for_each_name(&mut |name| visit(&name.to_value()));
        } else if let Some(code) = value.downcast::<Code>() {
            code.for_each_value(&mut visit);
        }
    }
    (rest.into_values().collect(), others)
}
