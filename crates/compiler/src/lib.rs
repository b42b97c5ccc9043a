//! Tree to wordcode.
