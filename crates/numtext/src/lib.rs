//! Numbers to and from text, and the format mini-language.
