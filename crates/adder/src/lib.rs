//! The public API for embedding.
