//! The machine: objects, frames, the main loop.
