//! The machine: values, objects, frames, the main loop, and the modules it needs to boot.
//!
//! | folder | what | CPython |
//! | --- | --- | --- |
//! | `value.rs`, `object/` | the value word, the heap object | `Include/object.h` |
//! | `objects/` | the built-in types | `Objects/` |
//! | `protocol/` | what can be done with any object | `Objects/abstract.c` |
//! | `runtime/` | frames, the main loop, calls, errors, imports | `Python/` |
//! | `builtin_modules/` | `builtins`, `sys` and their like | `Python/bltinmodule.c`, ... |

extern crate self as adder_vm;

pub mod builtin_modules;
pub mod object;
pub mod objects;
pub mod protocol;
pub mod runtime;
#[cfg(test)]
mod testing;
pub mod value;

pub use object::{Obj, Ref};
pub use runtime::errors::{Exc, PyResult};
pub use runtime::vm::Vm;
pub use value::Value;
