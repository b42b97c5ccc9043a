//! Mutated input against every part that reads what others wrote: no crash, no panic, no hang, no
//! unbounded memory.
//!
//! A [`Target`] makes inputs out of its seeds and runs them inside this process. An input alone
//! decides what its run does, so a file with it repeats a failure (`tests/crash/` keeps those that
//! were found), and the number of a case and the seed of a campaign decide the input.
//!
//! The campaigns and what they found are in `docs/hardening.md`.

pub mod mutate;
pub mod random;
pub mod targets;
pub mod watch;

use adder_vm::Vm;
use random::Random;

/// A part that reads hostile input.
pub trait Target {
    /// A new input.
    fn make(&self, random: &mut Random) -> Vec<u8>;
    /// Feeds an input to the part. Errors that Python code would see are fine; a panic is a failure.
    fn run(&self, vm: &Vm, input: &[u8]);
}

/// Runs `f` on a machine set up for cases: nothing it prints is seen, and it recurses little.
pub fn with_machine<R: Send>(f: impl FnOnce(&Vm) -> R + Send) -> R {
    /// As deep as native recursion may need in the programs of `adder-cli`.
    const STACK: usize = 64 << 20;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
            adder::run(adder::Config { no_site: true, ..Default::default() }, |vm| {
                targets::prepare(vm);
                f(vm)
            })
        });
        match thread.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("no thread: {error}"),
        }
    })
}
