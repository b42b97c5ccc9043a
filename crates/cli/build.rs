//! How the program is linked.
//!
//! On Linux it is linked to a fixed address, as Debian's CPython is: the tables of native types and
//! functions then need no relocation when the program starts, so that nobody has to touch their pages.
//! What runs at the start lies together (`link/startup.ld`, understood by rust-lld and GNU ld).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" && target("ARCH") == "x86_64" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        let order = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default() + "/link/startup.ld";
        println!("cargo::rerun-if-changed={order}");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{order}");
        link_unwinder();
    }
}

/// Links the unwinder into the program instead of loading it as a shared library, which asks the
/// processor for its features when it is loaded: under a hypervisor that takes as long as a tenth of the
/// rest. Where the C compiler has no such archive the shared library stays.
fn link_unwinder() {
    const ARCHIVE: &str = "libgcc_eh.a";
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let asked = std::process::Command::new(cc).arg(format!("-print-file-name={ARCHIVE}")).output();
    let Ok(answer) = asked else { return };
    let path = std::path::PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    // A name without a folder is the answer if there is none.
    if let Some(folder) = path.parent().filter(|folder| folder.is_absolute()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
