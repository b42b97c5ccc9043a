//! What can be done with any object, whatever its type: the abstract operations.
//!
//! CPython's counterpart: `Objects/abstract.c` and the generic half of `Objects/object.c`.

pub mod buffer;
pub mod call;
pub mod compare;
pub mod index;
pub mod iter;
pub mod number;
pub mod object;
