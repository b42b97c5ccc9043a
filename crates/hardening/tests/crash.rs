//! Runs every input of `tests/crash/` that a campaign found: `TARGET-NAME`.

use adder_hardening::{targets, with_machine};
use std::path::Path;

/// One test for both, since a step limit holds for the whole process: every target runs the found
/// inputs, and the same cases as the first of a campaign.
#[test]
fn targets_run_and_found_inputs_fail_no_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/crash");
    let mut inputs: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter_map(|(name, path)| Some((name, std::fs::read(path).ok()?)))
        .collect();
    inputs.sort();
    with_machine(|vm| {
        for name in targets::NAMES {
            let target = targets::by_name(vm, name);
            for (file, input) in &inputs {
                if file.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')) {
                    target.run(vm, input);
                }
            }
            for case in 0..300 {
                let input = target.make(&mut adder_hardening::random::Random::new(1, case));
                target.run(vm, &input);
            }
        }
    });
}
