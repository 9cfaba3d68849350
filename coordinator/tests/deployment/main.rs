//! What `deploy/` says of the programs holds for the programs that were built: manifests rot where nobody runs them.
//!
//! `make deploy-check` looks at the manifests as such.

mod manifests;
mod programs;
mod references;
