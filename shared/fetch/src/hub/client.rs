//! Requests to a hub, asked again where that may help.

use crate::{
    FetchError,
    settings::{HubSettings, Patience},
};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, RANGE, RETRY_AFTER},
    redirect,
};
use std::{error::Error, time::Duration};
use superposed_shared::place::HubPlace;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks one hub, about one repository.
#[derive(Debug)]
pub(super) struct Client {
    follows: reqwest::Client,
    stays: reqwest::Client,
    endpoint: Url,
    token: Option<HeaderValue>,
    patience: Patience,
    pub(super) place: HubPlace,
}

/// Why an attempt came to nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another one may do better, after the wait that the server asks for.
    Passing(String, Option<Duration>),
    /// No other one will.
    Final(Box<FetchError>),
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        Self::Final(Box::new(error))
    }
}

/// Attempts that have failed one after the other.
#[derive(Debug)]
pub(super) struct Tries<'c> {
    client: &'c Client,
    failed: u32,
}

impl Client {
    pub(super) fn new(settings: &HubSettings, patience: Patience, place: HubPlace) -> Result<Self, FetchError> {
        superposed_storage::prepare_tls();
        let cannot = |reason: String, remedy| FetchError::Client { address: settings.endpoint.clone(), reason, remedy };
        let endpoint = Url::parse(&settings.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                cannot("it is no address of a hub".to_owned(), "HF_ENDPOINT, like https://huggingface.co")
            })?;
        let token = settings.token.as_ref().map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.0))
                .map_err(|_| cannot("the token has characters that no token has".to_owned(), "HF_TOKEN"))?;
            value.set_sensitive(true);
            Ok::<_, FetchError>(value)
        });
        let build = |redirects| {
            let client = reqwest::Client::builder()
                .user_agent(concat!("superposed/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .read_timeout(patience.silence)
                .redirect(redirects);
            client.build().map_err(|error| cannot(reason(&error), "the certificates of this system (ca-certificates)"))
        };
        // What a hub says of a file is said before it sends one on to where the file lies.
        let at_home = redirect::Policy::custom(|attempt| {
            let home = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
            match attempt.previous().last() {
                Some(last) if home(last) == home(attempt.url()) && attempt.previous().len() < 10 => attempt.follow(),
                _ => attempt.stop(),
            }
        });
        Ok(Self {
            follows: build(redirect::Policy::limited(10))?,
            stays: build(at_home)?,
            endpoint,
            token: token.transpose()?,
            patience,
            place,
        })
    }

    /// The address of something on the hub.
    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// The hub, as it is named in what is said of it.
    pub(super) fn endpoint(&self) -> String {
        self.endpoint.as_str().trim_end_matches('/').to_owned()
    }

    pub(super) fn tries(&self) -> Tries<'_> {
        Tries { client: self, failed: 0 }
    }

    /// Asks for what lies at an address, from byte `start` on, wherever the hub sends one for it.
    pub(super) async fn get(&self, url: &Url, start: u64) -> Result<Response, Fault> {
        let mut request = self.follows.request(Method::GET, url.clone());
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        let response = self.send(request).await?;
        // There is nothing from there on: what is there is not a part of it.
        if start > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(response);
        }
        self.check(response)
    }

    /// What the hub says of the file at an address.
    pub(super) async fn head(&self, url: &Url) -> Result<HeaderMap, Fault> {
        let response = self.send(self.stays.request(Method::HEAD, url.clone())).await?;
        let response = if response.status().is_redirection() { response } else { self.check(response)? };
        Ok(response.headers().clone())
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Result<Response, Fault> {
        if let Some(token) = &self.token {
            // Not sent on to another host than the hub.
            request = request.header(AUTHORIZATION, token.clone());
        }
        request.send().await.map_err(|error| Fault::Passing(reason(&error), None))
    }

    fn check(&self, response: Response) -> Result<Response, Fault> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
            let wait = header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok());
            return Err(Fault::Passing(format!("it answers {status}"), wait.map(Duration::from_secs)));
        }
        let code = header("x-error-code").filter(|code| code.len() < 50 && code.is_ascii());
        let status_and_code = match code {
            Some(code) => format!("{} ({code})", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        Err(Fault::from(FetchError::Refused {
            place: self.place.to_string(),
            endpoint: self.endpoint(),
            status: status_and_code,
            remedy: self.remedy(status),
        }))
    }

    fn remedy(&self, status: StatusCode) -> String {
        let page = self.url(&[&self.place.owner, &self.place.name]);
        match (status, self.token.is_some()) {
            (StatusCode::UNAUTHORIZED, false) => {
                "there is no such model, or it wants to know who asks: check the name, or set HF_TOKEN".to_owned()
            }
            (StatusCode::UNAUTHORIZED, true) => {
                "there is no such model, or HF_TOKEN is not valid: check the name, or make a new token".to_owned()
            }
            (StatusCode::FORBIDDEN, false) => format!("accept the model's terms at {page}, and set HF_TOKEN"),
            (StatusCode::FORBIDDEN, true) => {
                format!("accept the model's terms at {page}, and let HF_TOKEN read such models")
            }
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => {
                format!("check the name and the revision; the model should be at {page}")
            }
            _ => "the hub will not have this request; check HF_ENDPOINT".to_owned(),
        }
    }

    /// An answer that is not understood.
    pub(super) fn strange(&self, reason: impl Into<String>) -> FetchError {
        FetchError::Answer { place: self.place.to_string(), endpoint: self.endpoint(), reason: reason.into() }
    }
}

impl Tries<'_> {
    /// Waits for the next attempt, or gives up.
    pub(super) async fn again(&mut self, fault: Fault) -> Result<(), FetchError> {
        let (reason, asked) = match fault {
            Fault::Passing(reason, wait) => (reason, wait),
            Fault::Final(error) => return Err(*error),
        };
        let Client { patience, place, .. } = self.client;
        self.failed += 1;
        if self.failed >= patience.attempts {
            return Err(FetchError::Away { place: place.to_string(), endpoint: self.client.endpoint(), reason });
        }
        let doubled = patience.first_wait.saturating_mul(1 << (self.failed - 1).min(16));
        let wait = asked.unwrap_or_default().max(doubled).min(LONGEST_WAIT);
        tracing::warn!(%place, reason, wait_ms = wait.as_millis(), "the hub is asked again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Something came: the count starts anew.
    pub(super) fn progress(&mut self) {
        self.failed = 0;
    }
}

/// What is behind an error of the library, which names the address once more in each of its layers.
pub(super) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it says nothing".to_owned();
    }
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    causes.last().map_or_else(String::new, ToString::to_string)
}
