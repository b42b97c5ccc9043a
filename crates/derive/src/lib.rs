//! Attribute macros that declare types, methods and modules.
