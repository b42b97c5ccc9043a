//! Where the nodes of a tree lie: one after the other, freed together. CPython's counterpart:
//! `Python/pyarena.c`.

use bumpalo::Bump;

/// Room for trees. What lies in it are plain values that own nothing.
#[derive(Debug, Default)]
pub struct Arena(Bump);

impl Arena {
    /// An empty arena.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a node into the arena.
    #[inline]
    pub fn node<T: Copy>(&self, node: T) -> &T {
        self.0.alloc(node)
    }

    /// How many bytes it takes, room for more included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.allocated_bytes()
    }

    /// Gives up what lies in the arena, but keeps room for the next tree: not more than about so many
    /// bytes.
    pub fn clear(&mut self, most: usize) {
        self.0.reset();
        if self.0.allocated_bytes() > most {
            self.0 = Bump::with_capacity(most);
        }
    }

    /// Joins pieces of a text.
    pub(crate) fn text(&self, pieces: &[&[u8]]) -> &[u8] {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        let mut text = bumpalo::collections::Vec::with_capacity_in(len, &self.0);
        for piece in pieces {
            text.extend_from_slice_copy(piece);
        }
        text.into_bump_slice()
    }

    /// Copies a list into the arena.
    #[inline]
    pub fn list<T: Copy>(&self, items: &[T]) -> &[T] {
        if items.is_empty() { &[] } else { self.0.alloc_slice_copy(items) }
    }
}
