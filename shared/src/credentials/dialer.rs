//! A connection to a coordinator.

use super::{Bearer, CredentialsError, tls::TlsFiles};
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{CertificateError, Error as TlsError, pki_types::ServerName};
use std::{io, net::IpAddr, sync::Arc};
use tokio::{net::TcpStream, task::spawn_blocking};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{
    service::interceptor::InterceptedService,
    transport::{Channel, Endpoint, Error},
};
use tower::{Service, service_fn};

/// A channel whose requests carry a token, if there is one.
pub type Connection = InterceptedService<Channel, Bearer>;

/// A way to one coordinator: its address, whom to trust there, and what to present.
#[derive(Debug, Clone)]
pub struct Dialer {
    endpoint: Endpoint,
    /// Files and the coordinator's name, where TLS is spoken.
    tls: Option<(Arc<TlsFiles>, ServerName<'static>)>,
    bearer: Bearer,
}

impl Dialer {
    pub(super) fn new(url: &str, files: TlsFiles, bearer: Bearer) -> Result<Self, CredentialsError> {
        let none = || CredentialsError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| none())?;
        let host = uri.host().ok_or_else(none)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match uri.scheme_str() {
            Some("http") if bearer.is_there() && !is_here(&host) => {
                return Err(CredentialsError::Plain(url.to_owned()));
            }
            Some("http") => None,
            Some("https") => {
                files.read()?;
                Some((Arc::new(files), ServerName::try_from(host).map_err(|_| none())?))
            }
            _ => return Err(none()),
        };
        // The library would speak TLS by itself at `https`, and cannot read files again.
        let reached = if tls.is_some() { in_plain(&uri) } else { uri.clone() };
        let endpoint = Endpoint::from(reached).origin(uri);
        Ok(Self { endpoint, tls, bearer })
    }

    /// The same with other settings of the endpoint: timeouts and keep-alive.
    #[must_use]
    pub fn with(self, settings: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        Self { endpoint: settings(self.endpoint), ..self }
    }

    /// Connects now.
    ///
    /// # Errors
    /// When nobody answers, or is not who it should be.
    pub async fn connect(&self) -> Result<Connection, Error> {
        let channel = match &self.tls {
            Some((files, name)) => {
                self.endpoint.connect_with_connector(connector(Arc::clone(files), name.clone())).await
            }
            None => self.endpoint.connect().await,
        };
        Ok(InterceptedService::new(channel?, self.bearer.clone()))
    }

    /// Connects with the first request. Must be called on a runtime.
    #[must_use]
    pub fn connect_lazy(&self) -> Connection {
        let channel = match &self.tls {
            Some((files, name)) => {
                self.endpoint.connect_with_connector_lazy(connector(Arc::clone(files), name.clone()))
            }
            None => self.endpoint.connect_lazy(),
        };
        InterceptedService::new(channel, self.bearer.clone())
    }
}

/// Whether a host is this machine, seen from this machine.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The same address under the scheme that stands for no TLS, port included.
fn in_plain(uri: &Uri) -> Uri {
    let host = uri.host().expect("it was looked at");
    let authority = format!("{host}:{}", uri.port_u16().unwrap_or(443));
    let plain = Uri::builder().scheme("http").authority(authority).path_and_query("/").build();
    plain.expect("its parts are those of a URI")
}

/// Dials and speaks TLS, with what the files say then.
fn connector(
    files: Arc<TlsFiles>,
    name: ServerName<'static>,
) -> impl Service<Uri, Response = TokioIo<TlsStream<TcpStream>>, Error = io::Error, Future: Send> + Send + 'static {
    service_fn(move |uri: Uri| {
        let (files, name) = (Arc::clone(&files), name.clone());
        async move {
            let config = spawn_blocking(move || files.read()).await?.map_err(io::Error::other)?;
            let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
            // An answer in several pieces must not wait for the other side's word on the first.
            stream.set_nodelay(true)?;
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
            stream.map(TokioIo::new).map_err(|error| explained(&error))
        }
    })
}

/// What a handshake failed of, and what to do.
fn explained(error: &io::Error) -> io::Error {
    let reason = error.get_ref().and_then(|error| error.downcast_ref::<TlsError>());
    let advice = match reason {
        Some(TlsError::InvalidMessage(_)) => "; what listens there speaks no TLS: is it an http:// URL?",
        Some(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "; nobody who is trusted here vouches for it: name its authority with --ca"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{error}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::{super::Token, *};

    fn dialer(url: &str, bearer: Bearer) -> Result<Dialer, CredentialsError> {
        Dialer::new(url, TlsFiles::default(), bearer)
    }

    #[test]
    fn a_token_leaves_this_machine_only_under_tls() {
        let token: Token = "t".repeat(40).parse().expect("a token");
        for url in ["http://127.0.0.1:7117", "http://localhost:7117", "http://[::1]:7117"] {
            dialer(url, Bearer::of_token(&token)).unwrap_or_else(|error| panic!("{url}: {error}"));
        }
        for url in ["http://10.0.0.1:7117", "http://localhost.evil.example", "http://head:7117"] {
            let error = dialer(url, Bearer::of_token(&token)).expect_err("it would be sent").to_string();
            assert!(error.starts_with(&format!("the token is not sent to {url}")), "{error}");
            dialer(url, Bearer::default()).expect("there is no token to protect");
        }
    }

    #[test]
    fn what_is_no_url_of_a_coordinator_is_named() {
        for url in ["", "head", "ftp://head", "http://", "https://", "not a url"] {
            let error = dialer(url, Bearer::default()).expect_err(url).to_string();
            assert!(error.contains(&format!("{url:?} is not a coordinator's URL")), "{error}");
        }
    }
}
