//! The TLS of all clients: rustls with `ring`, which is compiled anyway and needs nothing but a C compiler.

/// To be called before a client is made: the libraries take what the process has.
pub fn prepare() {
    // An error says that there is one already, which will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
