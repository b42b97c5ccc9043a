//! The image of the library, as `build/main.rs` packs it:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | number of files |
//! | 36 each | place and length of its path, of its code (length 0: no module), of the code's tables and of its packed text, and the text's length unpacked; ordered by path |
//! | the rest | the data that places count in: all paths, all code, all tables, all texts |
//!
//! Each of the four lies together, and of the code what every start reads: a search looks at many
//! paths, and whatever is looked at is a page of the binary in memory. All numbers are little-endian and of four bytes. Code is marshalled in Adder's own format and read
//! where it lies; texts are compressed by zlib, each for itself.

use adder_bytecode::stored::StoredModule;
use flate2::read::ZlibDecoder;
use std::io::Read;

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

const ROW: usize = 36;

/// One file of the library.
#[derive(Clone, Copy)]
pub struct File {
    row: usize,
}

fn number(at: usize) -> usize {
    match IMAGE.get(at..at + 4).and_then(|bytes| bytes.first_chunk()) {
        Some(bytes) => u32::from_le_bytes(*bytes) as usize,
        None => 0,
    }
}

fn count() -> usize {
    number(0)
}

impl File {
    /// The `n`-th pair of place and length.
    fn part(self, n: usize) -> &'static [u8] {
        let at = 4 + self.row * ROW + n * 8;
        let start = 4 + count() * ROW + number(at);
        IMAGE.get(start..start + number(at + 4)).unwrap_or_default()
    }

    /// Its path in the library, with `/` between the parts.
    pub fn path(self) -> &'static str {
        std::str::from_utf8(self.part(0)).unwrap_or_default()
    }

    /// Its code, if it is a module.
    pub fn code(self) -> Option<StoredModule<'static>> {
        let code = StoredModule { code: self.part(1), tables: self.part(2) };
        (!code.code.is_empty()).then_some(code)
    }

    /// Its bytes.
    pub fn content(self) -> Vec<u8> {
        let mut content = Vec::with_capacity(number(4 + self.row * ROW + 32));
        // The image is part of the binary: what it holds can be unpacked.
        let _ = ZlibDecoder::new(self.part(3)).read_to_end(&mut content);
        content
    }
}

/// The first file whose path is not less than this one.
fn lower_bound(path: &str) -> usize {
    let (mut low, mut high) = (0, count());
    while low < high {
        let middle = (low + high) / 2;
        if (File { row: middle }).part(0) < path.as_bytes() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The file at a path.
pub fn find(path: &str) -> Option<File> {
    let file = File { row: lower_bound(path) };
    (file.row < count() && file.part(0) == path.as_bytes()).then_some(file)
}

/// The module at a path without its ending, and whether it is a package.
pub fn find_module(stem: &str) -> Option<(File, bool)> {
    match find(&format!("{stem}/__init__.py")) {
        Some(file) => Some((file, true)),
        None => find(&format!("{stem}.py")).map(|file| (file, false)),
    }
}

/// The names in a folder, ordered; `None` if there is no such folder. The root is "".
pub fn list(folder: &str) -> Option<Vec<&'static str>> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut names: Vec<&'static str> = Vec::new();
    for row in lower_bound(&prefix)..count() {
        let Some(rest) = (File { row }).path().strip_prefix(prefix.as_str()) else { break };
        let name = rest.split('/').next().unwrap_or(rest);
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { None } else { Some(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_their_stem() {
        let (file, is_package) = find_module("json").expect("json is there");
        assert!(is_package);
        assert_eq!(file.path(), "json/__init__.py");
        assert!(file.code().is_some_and(|code| code.code.len() > 1000));
        assert!(find_module("abc").is_some_and(|(_, is_package)| !is_package));
        assert!(find_module("no_such_module").is_none());
        assert!(find("json").is_none());
    }

    #[test]
    fn folders_list_their_own_names() {
        let names = list("json").expect("a folder");
        assert!(names.contains(&"decoder.py") && names.contains(&"__init__.py"));
        assert!(list("").expect("the root").contains(&"json"));
        assert!(list("json/decoder.py").is_none());
    }

    #[test]
    fn texts_come_back_whole_and_edited() {
        let site = String::from_utf8(find("site.py").expect("site").content()).expect("text");
        assert!(site.starts_with("\"\"\"Append module search paths"));
        assert!(site.contains("'Adder'") && !site.to_lowercase().contains("rustpython"));
    }
}
