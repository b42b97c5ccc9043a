//! Keeps documents honest. `docs/internals/walk.md`: every file it names exists, and every function that it
//! places in a file is there. `docs/internals/unsafe.md`: every unsafe module is in it, with tests that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn the_walk_names_things_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/internals/walk.md")).expect("the walk");
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let mut last_names: Vec<&str> = Vec::new();
    let mut files = 0;
    for item in quoted {
        let item = item.split_whitespace().last().unwrap_or_default();
        if !item.ends_with(".rs") {
            last_names.push(item);
            continue;
        }
        let candidates = [
            item.to_string(),
            format!("crates/vm/src/{item}"),
            format!("crates/vm/src/runtime/{item}"),
        ];
        let path = candidates.iter().map(|c| root.join(c)).find(|p| p.is_file());
        let path = path.unwrap_or_else(|| panic!("the walk names {item}, which does not exist"));
        files += 1;
        let source = std::fs::read_to_string(path).expect("a source file");
        // "`name` in `file`": the name directly before the file must be defined there.
        if let Some(name) = last_names.last()
            && text.contains(&format!("`{name}` in `{item}`"))
        {
            let name = name.rsplit("::").next().unwrap_or(name);
            assert!(
                source.contains(&format!("fn {name}"))
                    || source.contains(&format!("struct {name}")),
                "{item} does not define {name}"
            );
        }
    }
    assert!(files > 10, "the walk names its files");
}

/// Every Rust file below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Does a source file say that it has unsafe code?
fn is_unsafe(text: &str) -> bool {
    let mut attributes = text.split("#![").skip(1).filter_map(|rest| rest.split_once(")]"));
    attributes.any(|(attribute, _)| {
        attribute.starts_with("expect(unsafe_code")
            || (attribute.starts_with("cfg_attr(") && attribute.contains("expect(unsafe_code"))
    })
}

#[test]
fn the_list_of_unsafe_modules_is_whole_and_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/internals/unsafe.md")).expect("the list");
    let (mut folder, mut listed) = (PathBuf::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            folder = root.join(title.split('`').nth(1).unwrap_or_default());
            continue;
        }
        let Some(row) = line.strip_prefix("| `") else { continue };
        let mut cells = row.split(" | ");
        let name = cells.next().unwrap_or_default().trim_end_matches('`');
        let path = folder.join(name);
        let source = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {name}"));
        // A module's tests are in it, in its folder, or in that of its parent.
        let (beside, within) = (path.with_file_name("tests.rs"), path.with_extension(""));
        let tests = [source]
            .into_iter()
            .chain(
                [beside, within.join("tests.rs")]
                    .into_iter()
                    .filter_map(|p| std::fs::read_to_string(p).ok()),
            )
            .collect::<String>();
        let named: Vec<&str> =
            cells.last().unwrap_or_default().split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{name} has no test");
        for test in named {
            let there = if test.contains('/') {
                root.join(test).is_file()
            } else {
                tests.contains(&format!("fn {test}("))
            };
            assert!(there, "{name} has no test {test}");
        }
        listed.insert(path.canonicalize().expect("it exists"));
    }
    let mut all = Vec::new();
    sources(&root.join("crates"), &mut all);
    let mut modules = 0;
    // Test programs are no part of what runs.
    for path in all.iter().filter(|path| path.components().any(|part| part.as_os_str() == "src")) {
        let path = path.canonicalize().expect("it exists");
        let is_unsafe = is_unsafe(&std::fs::read_to_string(&path).expect("a source file"));
        assert_eq!(is_unsafe, listed.contains(&path), "{}", path.display());
        modules += usize::from(is_unsafe);
    }
    assert!(modules > 50 && modules == listed.len());
}
