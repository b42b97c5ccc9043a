//! Arbitrary-precision integers with Python's semantics.
