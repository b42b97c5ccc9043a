//! The regular-expression engine under `_sre`.
