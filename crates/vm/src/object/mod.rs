//! The heap object: its head, its payload, its allocation, its attributes, its references.
//!
//! This is what every type in `objects/` stands on; it knows the type object's layout, but none of
//! Python's protocols. CPython's counterpart: `Include/object.h`, `Objects/object.c` (the counting
//! half), `Objects/obmalloc.c`.

pub mod alloc;
pub mod attrs;
pub mod cell;
pub mod census;
pub mod gil_cell;
pub mod header;
pub(crate) mod heap;
pub mod layout;
pub mod payload;
pub mod reference;
pub mod shape;
pub mod trace;
pub mod tracked;
pub mod weak;

pub use cell::{Guarded, ValueCell};
pub use gil_cell::GilCell;
pub use header::{GcHead, ObjHead};
pub use payload::{Layout, Payload, TypeCell, Visitor};
pub use reference::{Obj, Ref};
