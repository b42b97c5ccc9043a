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
    }
}
