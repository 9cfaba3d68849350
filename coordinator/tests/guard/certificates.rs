//! Authorities and the certificates they give out.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Who gives out certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// How long a certificate is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Validity {
    Good,
    Expired,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("random bits");
        let pem = params.self_signed(&key).expect("an own certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes the authority's own certificate.
    pub(crate) fn write(&self, path: &Path) -> PathBuf {
        fs::write(path, &self.pem).expect("a writable directory");
        path.to_owned()
    }

    /// Writes a certificate for a name or an address, as `<stem>.pem` and `<stem>.key`, the key first.
    pub(crate) fn issue(&self, stem: &Path, name: &str, validity: Validity) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = match validity {
            Validity::Good => (date_time_ymd(2020, 1, 1), date_time_ymd(2120, 1, 1)),
            Validity::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1)),
        };
        let key = KeyPair::generate().expect("random bits");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let identity = Identity { certificate: stem.with_extension("pem"), key: stem.with_extension("key") };
        fs::write(&identity.key, key.serialize_pem()).expect("a writable directory");
        fs::write(&identity.certificate, certificate.pem()).expect("a writable directory");
        identity
    }
}
