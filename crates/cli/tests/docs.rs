//! Keeps `docs/internals/walk.md` honest: every file it names exists, and every function that it
//! places in a file is there.

use std::path::Path;

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
