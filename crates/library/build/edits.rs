//! What is changed in the library's sources before they are compiled: the package they come in was
//! made for another implementation, whose traces are taken out or renamed here.

/// One change to a file's text.
pub enum Edit {
    /// The lines from the one that starts with the first text to the one before the line that starts
    /// with the second (or the end) are dropped.
    Drop { from: &'static str, until: Option<&'static str> },
    /// Every occurrence of a text is replaced.
    Replace { what: &'static str, by: &'static str },
}

impl Edit {
    /// The edited text; `None` if there is nothing to edit.
    pub fn apply(&self, text: &str) -> Option<Vec<u8>> {
        let made = match self {
            Edit::Replace { what, by } => {
                text.contains(what).then(|| text.replace(what, by).into_bytes())?
            }
            Edit::Drop { from, until } => {
                let start = line_that_starts_with(text, from, 0)?;
                let end = match until {
                    Some(until) => line_that_starts_with(text, until, start)?,
                    None => text.len(),
                };
                [&text.as_bytes()[..start], &text.as_bytes()[end..]].concat()
            }
        };
        Some(made)
    }
}

/// Where the first such line from `at` on begins.
fn line_that_starts_with(text: &str, head: &str, at: usize) -> Option<usize> {
    let mut start = at;
    for line in text[at..].split_inclusive('\n') {
        if line.starts_with(head) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// By file; several edits of a file are made one after the other.
pub const EDITS: &[(&str, Edit)] = &[
    // Code objects do not change here: a moved one is a new one.
    (
        "importlib/_bootstrap_external.py",
        Edit::Replace {
            what: "            _imp._fix_co_filename(code, source_path)",
            by: "            code = _imp._fix_co_filename(code, source_path)",
        },
    ),
    // Site-packages lies in a folder of our own name, as with any other implementation.
    (
        "site.py",
        Edit::Replace { what: "'RustPython' # XXX: RUSTPYTHON; for site-packages", by: "'Adder'" },
    ),
    ("site.py", Edit::Replace { what: "    # XXX: RUSTPYTHON\n", by: "" }),
    ("site.py", Edit::Replace { what: "lib/rustpython", by: "lib/adder" }),
    (
        "sysconfig/__init__.py",
        Edit::Replace { what: "'RustPython'  # XXX: RUSTPYTHON; For site-packages", by: "'Adder'" },
    ),
    ("platform.py", Edit::Replace { what: "        # XXX: RUSTPYTHON support\n", by: "" }),
    ("platform.py", Edit::Replace { what: "RustPython", by: "Adder" }),
    (
        "json/decoder.py",
        Edit::Drop {
            from: "    # RUSTPYTHON SPECIFIC",
            until: Some("    # Note that this exception is used"),
        },
    ),
    ("unittest/__init__.py", Edit::Drop { from: "# XXX: RUSTPYTHON", until: None }),
    (
        "_compat_pickle.py",
        Edit::Drop {
            from: "# NOTE: RUSTPYTHON exceptions",
            until: Some("for excname in PYTHON2_EXCEPTIONS"),
        },
    ),
    (
        "io.py",
        Edit::Drop {
            from: "# XXX: RUSTPYTHON; FileIO needs host_env",
            until: Some("# for seek()"),
        },
    ),
    (
        "io.py",
        Edit::Replace { what: "open, open_code, BytesIO", by: "open, open_code, FileIO, BytesIO" },
    ),
    (
        "io.py",
        Edit::Drop {
            from: "if FileIO is not None:",
            until: Some("    RawIOBase.register(FileIO)"),
        },
    ),
    (
        "io.py",
        Edit::Replace { what: "    RawIOBase.register(FileIO)", by: "RawIOBase.register(FileIO)" },
    ),
];

/// Files that are not part of CPython's library.
pub const NOT_PYTHONS: &[&str] =
    &["README.md", "_dummy_os.py", "_dummy_thread.py", "_pycodecs.py", "dummy_threading.py"];
