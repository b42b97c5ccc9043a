//! How deep and how long a tree may be.
//!
//! The parser bounds nesting of brackets and blocks; what it does not bound (chains of left
//! operands, `elif`) is walked in loops. These limits make the rest an error instead of an
//! exhausted stack, on a thread with 2 MB too.

use crate::error::{Failure, Result};

/// Deepest nesting of statements and expressions.
const NESTING: u32 = 1500;

/// Longest chain of operators, attributes, calls, subscripts or `elif`s.
const CHAIN: usize = 50_000;

/// Counts how deep a recursive walk is.
#[derive(Default)]
pub(crate) struct Depth(u32);

impl Depth {
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.0 += 1;
        if self.0 > NESTING { Err(Failure::Recursion) } else { Ok(()) }
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.0 -= 1;
    }

    /// Checks the length of a chain that is walked in a loop.
    pub(crate) fn chain(&self, links: usize) -> Result<()> {
        if links > CHAIN { Err(Failure::Recursion) } else { Ok(()) }
    }
}
