//! A code object in many hands. It may still lie in the library's image: then it is read when somebody
//! first looks inside, and what a function's making needs is known before.
//!
//! Most functions of a module are made when it is imported and never called; this is what keeps
//! imports quick.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::code::{CodeObject, PyStrBuf};
use crate::stored::{Ready, Stored};

/// What is known of a code object without looking inside.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub argcount: u32,
    pub kwonlyargcount: u32,
    pub nlocals: u32,
    /// See [`crate::code::flags`].
    pub flags: u32,
    /// Number of `cellvars`.
    pub cells: u32,
    /// Number of `freevars`.
    pub frees: u32,
    /// See [`CodeObject::extended`].
    pub extended: bool,
    pub name: PyStrBuf,
}

/// A code object, shared and immutable.
#[derive(Clone)]
pub struct SharedCode(Arc<Inner>);

/// Small as long as nobody looks inside: there is one for each function of each module.
struct Inner {
    head: Head,
    body: Body,
}

enum Body {
    Made(Box<CodeObject>),
    Stored { stored: Stored, whole: OnceLock<Box<CodeObject>> },
}

impl SharedCode {
    pub(crate) fn from_stored(head: Head, stored: Stored) -> Self {
        let body = Body::Stored { stored, whole: OnceLock::new() };
        SharedCode(Arc::new(Inner { head, body }))
    }

    #[inline]
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// What the machine runs, if it lies in the library's image.
    pub fn ready(&self) -> Option<Ready> {
        match &self.0.body {
            Body::Stored { stored, .. } => stored.ready(),
            Body::Made(_) => None,
        }
    }

    /// One and the same object?
    pub fn is(&self, other: &SharedCode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<CodeObject> for SharedCode {
    fn from(code: CodeObject) -> Self {
        let head = Head {
            argcount: code.argcount,
            kwonlyargcount: code.kwonlyargcount,
            nlocals: code.nlocals,
            flags: code.flags,
            cells: code.cellvars.len() as u32,
            frees: code.freevars.len() as u32,
            extended: code.extended,
            name: code.name.clone(),
        };
        SharedCode(Arc::new(Inner { head, body: Body::Made(Box::new(code)) }))
    }
}

impl Deref for SharedCode {
    type Target = CodeObject;

    #[inline(always)]
    fn deref(&self) -> &CodeObject {
        let Inner { head, body } = &*self.0;
        match body {
            Body::Made(code) => code,
            Body::Stored { stored, whole } => match whole.get() {
                Some(code) => code,
                None => read(head, stored, whole),
            },
        }
    }
}

#[cold]
#[inline(never)]
fn read<'a>(head: &Head, stored: &Stored, whole: &'a OnceLock<Box<CodeObject>>) -> &'a CodeObject {
    // An allocation meanwhile may be traced to this code, and look into it.
    let made = Box::new(stored.read(head));
    whole.get_or_init(|| made)
}

impl fmt::Debug for SharedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
