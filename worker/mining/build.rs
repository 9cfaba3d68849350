//! Tells the tests and binaries of this package where the SCIP library lies.

fn main() {
    println!("cargo::rerun-if-env-changed=DEP_SCIP_LIBDIR");
    if let Ok(directory) = std::env::var("DEP_SCIP_LIBDIR") {
        // Beside the program first, where it is taken to another machine.
        println!("cargo::rustc-link-arg=-Wl,-rpath,$ORIGIN");
        println!("cargo::rustc-link-arg=-Wl,-rpath,{directory}");
    }
}
