//! What workers and commands present to a coordinator, and how they know that it is one.
//!
//! - [`Credentials`]: the options of a command line
//! - [`Token`]: says who somebody is; is printed nowhere
//! - [`Dialer`]: a connection to one coordinator, with all of this
//! - [`pem`]: certificates and keys in files
//!
//! All files are read again when they change: a token with the next request, certificates with the next connection.

mod bearer;
mod dialer;
pub mod pem;
mod tls;
mod token;

pub use bearer::Bearer;
pub use dialer::{Connection, Dialer};
pub use token::{Token, TokenError};

use bearer::TokenFile;
use clap::Args;
use pem::PemError;
use std::{env, io, path::PathBuf};
use tls::TlsFiles;

/// The variable that holds a token itself.
pub const TOKEN_VARIABLE: &str = "SUPERPOSED_TOKEN";

/// All variables that credentials are taken from.
pub const VARIABLES: [&str; 5] =
    ["SUPERPOSED_TOKEN_FILE", TOKEN_VARIABLE, "SUPERPOSED_CA", "SUPERPOSED_CERTIFICATE", "SUPERPOSED_KEY"];

/// What a client presents, and whom it trusts.
#[derive(Debug, Clone, Default, Args)]
pub struct Credentials {
    /// The file that holds the token to present; SUPERPOSED_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE", env = "SUPERPOSED_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// The certificates (PEM) of those who may vouch for a coordinator [default: the system's authorities]
    #[arg(long, value_name = "FILE", env = "SUPERPOSED_CA")]
    pub ca: Option<PathBuf>,
    /// The certificate (PEM) to present, for coordinators that ask for one
    #[arg(long, value_name = "FILE", env = "SUPERPOSED_CERTIFICATE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// The key (PEM) of that certificate
    #[arg(long, value_name = "FILE", env = "SUPERPOSED_KEY", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// A token from elsewhere. A token file goes before it, it before the variable.
    #[arg(skip)]
    pub token: Option<Token>,
    /// Whether the variable is looked at, as command lines have it.
    #[arg(skip = true)]
    pub from_environment: bool,
}

/// Credentials that cannot be presented.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Not a coordinator's URL.
    #[error("{0:?} is not a coordinator's URL, which is like http://127.0.0.1:7117; name it with --coordinator")]
    Url(String),
    /// A token would be sent where others can read it.
    #[error(
        "the token is not sent to {0}: without TLS everybody on the way could read it; use an https:// URL, or unset the \
         token"
    )]
    Plain(String),
    /// A token that none is.
    #[error("{place}: {source}")]
    Token {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        source: TokenError,
    },
    /// A token file that cannot be read.
    #[error("the token file {path} cannot be read: {source}")]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Certificates or a key that cannot be used.
    #[error(transparent)]
    Pem(#[from] PemError),
}

impl Credentials {
    /// A way to a coordinator. Nothing is connected yet, but every file is read once, so that what is wrong with one is
    /// said at once.
    ///
    /// # Errors
    /// When the URL or a file cannot be used, or a token would go over a network in plain text.
    pub fn dialer(&self, url: &str) -> Result<Dialer, CredentialsError> {
        let bearer = self.bearer()?;
        let tls = TlsFiles { ca: self.ca.clone(), certificate: self.certificate.clone(), key: self.key.clone() };
        Dialer::new(url, tls, bearer)
    }

    fn bearer(&self) -> Result<Bearer, CredentialsError> {
        if let Some(path) = &self.token_file {
            return Ok(Bearer::of_file(TokenFile::open(path.clone())?));
        }
        if let Some(token) = &self.token {
            return Ok(Bearer::of_token(token));
        }
        match env::var(TOKEN_VARIABLE) {
            Ok(text) if self.from_environment && !text.is_empty() => {
                let failed = |source| CredentialsError::Token { place: TOKEN_VARIABLE.to_owned(), source };
                Ok(Bearer::of_token(&text.parse().map_err(failed)?))
            }
            _ => Ok(Bearer::default()),
        }
    }
}
