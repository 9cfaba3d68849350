//! What a coordinator's door is made of.

use super::{Limits, tls::ServerFiles, tokens::TokensError};
use std::{net::SocketAddr, path::PathBuf};
use superposed_shared::credentials::pem::PemError;

/// How a coordinator is guarded. The default suits an address that only this machine can reach: no TLS, no tokens.
#[derive(Debug, Clone, Default)]
pub struct GuardSettings {
    /// The server's certificates (PEM): its own first, then those that link it to an authority. TLS is spoken when given.
    pub certificate: Option<PathBuf>,
    /// The key (PEM) of the first certificate.
    pub key: Option<PathBuf>,
    /// The authorities (PEM) of which everybody who connects must have a certificate.
    pub client_ca: Option<PathBuf>,
    /// The tokens file. Everybody may do everything where there is none.
    pub tokens: Option<PathBuf>,
    /// Listens beyond this machine without tokens.
    pub allow_unauthenticated: bool,
    /// Listens beyond this machine with tokens and without TLS: something in front speaks it.
    pub allow_plaintext: bool,
    /// How many may be connected; what this process can bear when left out.
    pub limits: Option<Limits>,
}

/// A door that cannot be guarded as it should.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The address is not this machine's alone, and nobody said that this is meant.
    #[error(
        "{0} can be reached from other machines, and anybody there could submit campaigns: listen on 127.0.0.1, give \
         --tokens with --certificate and --key, or say --allow-unauthenticated-network on a network you trust"
    )]
    Unauthenticated(SocketAddr),
    /// Tokens would go over a network in plain text.
    #[error(
        "{0} can be reached from other machines, and tokens would go there in plain text: give --certificate and --key, \
         or say --allow-plaintext-network where something in front of the coordinator speaks TLS"
    )]
    Plaintext(SocketAddr),
    /// Half of what TLS needs.
    #[error("--{0} needs --{1} as well")]
    Half(&'static str, &'static str),
    /// Certificates or a key that cannot be used.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A tokens file that cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
}

impl GuardSettings {
    /// Whether the address may be listened on.
    pub(super) fn check(&self, address: SocketAddr) -> Result<(), GuardError> {
        match (&self.certificate, &self.key, &self.client_ca) {
            (Some(_), None, _) => return Err(GuardError::Half("certificate", "key")),
            (None, Some(_), _) => return Err(GuardError::Half("key", "certificate")),
            (None, None, Some(_)) => return Err(GuardError::Half("client-ca", "certificate")),
            _ => {}
        }
        if address.ip().is_loopback() {
            return Ok(());
        }
        match (&self.tokens, &self.certificate) {
            (None, _) if !self.allow_unauthenticated => Err(GuardError::Unauthenticated(address)),
            (Some(_), None) if !self.allow_plaintext => Err(GuardError::Plaintext(address)),
            _ => Ok(()),
        }
    }

    pub(super) fn tls_files(&self) -> Option<ServerFiles> {
        Some(ServerFiles {
            certificate: self.certificate.clone()?,
            key: self.key.clone()?,
            client_ca: self.client_ca.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_reach_is_listened_on_with_tls_and_tokens_or_when_told_in_words() {
        let everywhere: SocketAddr = "0.0.0.0:7117".parse().expect("an address");
        let here: SocketAddr = "[::1]:7117".parse().expect("an address");
        let file = || Some(PathBuf::from("f"));
        let tls = GuardSettings { certificate: file(), key: file(), ..GuardSettings::default() };
        let tokens = GuardSettings { tokens: file(), ..GuardSettings::default() };
        let both = GuardSettings { tokens: file(), ..tls.clone() };
        let said = GuardSettings { allow_unauthenticated: true, ..tls.clone() };
        let proxied = GuardSettings { allow_plaintext: true, ..tokens.clone() };
        for settings in [&tls, &tokens, &both, &said, &proxied] {
            settings.check(here).expect("only this machine gets there");
        }
        for settings in [&both, &said, &proxied] {
            settings.check(everywhere).expect("it is guarded, or meant");
        }
        assert!(matches!(tls.check(everywhere), Err(GuardError::Unauthenticated(_))));
        assert!(matches!(GuardSettings::default().check(everywhere), Err(GuardError::Unauthenticated(_))));
        assert!(matches!(tokens.check(everywhere), Err(GuardError::Plaintext(_))));
        // Saying one thing does not say the other.
        let wrong = GuardSettings { allow_unauthenticated: true, ..tokens };
        assert!(matches!(wrong.check(everywhere), Err(GuardError::Plaintext(_))));
        let wrong = GuardSettings { allow_plaintext: true, ..GuardSettings::default() };
        assert!(matches!(wrong.check(everywhere), Err(GuardError::Unauthenticated(_))));
    }

    #[test]
    fn half_of_what_tls_needs_is_refused() {
        let here: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let file = || Some(PathBuf::from("f"));
        let told = |settings: GuardSettings| settings.check(here).expect_err("it is half").to_string();
        let none = GuardSettings::default;
        assert_eq!(told(GuardSettings { certificate: file(), ..none() }), "--certificate needs --key as well");
        assert_eq!(told(GuardSettings { key: file(), ..none() }), "--key needs --certificate as well");
        assert_eq!(told(GuardSettings { client_ca: file(), ..none() }), "--client-ca needs --certificate as well");
    }
}
