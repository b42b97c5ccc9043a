//! Whether the handlers of the main loop jump to each other (`src/runtime/ceval.rs`).
//!
//! The compiler makes jumps of their last calls if it optimises, and if nothing that it adds (a memory
//! checker's bookkeeping) has to happen behind them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(tail_calls)");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let optimised = matches!(variable("OPT_LEVEL").as_str(), "2" | "3");
    let known = matches!(variable("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    let checked = !variable("CARGO_CFG_SANITIZE").is_empty()
        || variable("CARGO_ENCODED_RUSTFLAGS").contains("sanitizer");
    if optimised && known && !checked {
        println!("cargo::rustc-cfg=tail_calls");
    }
}
