//! The instruction set, code objects, their text and byte forms.
