//! TLS as a coordinator speaks it.

use super::GuardError;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{path::PathBuf, sync::Arc};
use superposed_shared::credentials::pem::{self, PemError};

/// What is spoken above TLS, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the server is, and of whom those who connect must have a certificate.
#[derive(Debug, Clone)]
pub(super) struct ServerFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) client_ca: Option<PathBuf>,
}

impl ServerFiles {
    pub(super) fn all(&self) -> Vec<PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).cloned().collect()
    }

    /// What the files say now.
    pub(super) fn read(&self) -> Result<ServerConfig, GuardError> {
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ClientCertVerifier> = match &self.client_ca {
            Some(path) => {
                let trusted = Arc::new(pem::authorities(path)?);
                WebPkiClientVerifier::builder_with_provider(trusted, Arc::clone(&provider))
                    .build()
                    .map_err(|error| PemError::unusable(path, error))?
            }
            None => Arc::new(NoClientAuth),
        };
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what the protocol's versions need")
            .with_client_cert_verifier(verifier);
        let mut config = config
            .with_single_cert(pem::certificates(&self.certificate)?, pem::key(&self.key)?)
            .map_err(|error| PemError::unusable(&self.certificate, error))?;
        config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}
