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
    whole: OnceLock<Box<CodeObject>>,
    stored: Option<Stored>,
}

impl SharedCode {
    pub(crate) fn from_stored(head: Head, stored: Stored) -> Self {
        SharedCode(Arc::new(Inner { head, whole: OnceLock::new(), stored: Some(stored) }))
    }

    #[inline]
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// What the machine runs, if it lies in the library's image.
    pub fn ready(&self) -> Option<Ready> {
        self.0.stored.as_ref()?.ready()
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
        SharedCode(Arc::new(Inner { head, whole: OnceLock::from(Box::new(code)), stored: None }))
    }
}

impl Deref for SharedCode {
    type Target = CodeObject;

    #[inline(always)]
    fn deref(&self) -> &CodeObject {
        match self.0.whole.get() {
            Some(code) => code,
            None => self.0.read(),
        }
    }
}

impl Inner {
    #[cold]
    #[inline(never)]
    fn read(&self) -> &CodeObject {
        self.whole.get_or_init(|| match &self.stored {
            Some(stored) => Box::new(stored.read(&self.head)),
            None => Box::new(CodeObject::empty(&self.head)),
        })
    }
}

impl fmt::Debug for SharedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
