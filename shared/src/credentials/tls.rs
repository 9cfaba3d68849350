//! TLS as a client speaks it, from files that are read for each connection.

use super::pem::{self, PemError};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{path::PathBuf, sync::Arc};

/// What HTTP/2 is called in a handshake.
const HTTP_2: &[u8] = b"h2";

/// Whom to trust, and what to present.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsFiles {
    pub(super) ca: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl TlsFiles {
    /// What the files say now.
    pub(super) fn read(&self) -> Result<ClientConfig, PemError> {
        let trusted = match &self.ca {
            Some(path) => pem::authorities(path)?,
            None => of_system()?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has what the protocol's versions need")
            .with_root_certificates(trusted);
        let mut config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => config
                .with_client_auth_cert(pem::certificates(certificate)?, pem::key(key)?)
                .map_err(|error| PemError::unusable(certificate, error))?,
            _ => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        Ok(config)
    }
}

/// The authorities that this system trusts.
fn of_system() -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    // Some systems have old certificates among them that cannot be used; the others can.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(PemError::NoAuthorities) } else { Ok(roots) }
}
