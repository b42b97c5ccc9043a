//! The instruction handlers, by family, in the order of the tables.
//!
//! Each takes the registers and the instruction, names its operands as the table's stack picture
//! does, and either succeeds or raises; or says `false` where it has done nothing, since that is another
//! function's business (`instructions.rs` tells whose). What a handler's own function calls is inlined
//! into it.

pub mod arith;
pub mod attr;
pub mod block;
pub mod build;
pub mod call;
pub mod fused;
pub mod import_;
pub mod iter;
pub mod method;
pub mod names;
pub mod pattern;
pub mod stack;
pub mod subscr;

use crate::runtime::errors::Exc;

/// What a handler answers.
pub type Done = Result<(), Exc>;
