//! A coordinator in this process, guarded as a test says.

use crate::certificates::{Authority, Identity, Validity};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use superposed::{
    guard::{GuardSettings, Role, tokens},
    postgres::Cluster,
    queue::QueueSettings,
    serve::Coordinator,
};
use superposed_shared::{
    credentials::{Connection, Credentials, Token},
    proto::v1::{self, campaign_service_client::CampaignServiceClient, worker_service_client::WorkerServiceClient},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::{Response, Status};

/// A coordinator that is served until this is dropped.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    pub(crate) authority: Authority,
    /// A token of each role.
    holders: Vec<(Role, Token)>,
    serving: JoinHandle<()>,
    _cluster: Cluster,
    directory: TempDir,
}

/// What a door is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Tokens alone.
    Plain,
    /// Tokens under TLS.
    Tls,
    /// The same, for those with a certificate.
    Mutual,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Door {
    pub(crate) async fn open(kind: Kind) -> Self {
        let directory = tempfile::Builder::new().prefix("sg-").tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        let path = |name: &str| directory.path().join(name);
        let cluster = Cluster::start(&path("state")).await.expect("Postgres starts");
        let authority = Authority::new("an authority");
        let ca = authority.write(&path("ca.pem"));
        let server = authority.issue(&path("server"), "127.0.0.1", Validity::Good);
        let holders: Vec<_> = Role::ALL.map(|role| (role, tokens::mint().expect("random bits"))).into();
        let lines: Vec<_> = holders.iter().map(|(role, token)| line(*role, token)).collect();
        fs::write(path("tokens"), lines.concat()).expect("a writable directory");
        let mut settings = GuardSettings { tokens: Some(path("tokens")), ..GuardSettings::default() };
        if kind != Kind::Plain {
            (settings.certificate, settings.key) = (Some(server.certificate), Some(server.key));
        }
        settings.client_ca = (kind == Kind::Mutual).then_some(ca);
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let coordinator = Coordinator::bind(&cluster.url(), QueueSettings::default(), here, &settings).await;
        let coordinator = coordinator.expect("it listens");
        let (address, scheme) = (coordinator.address().expect("an address"), coordinator.scheme());
        let serving = tokio::spawn(async move {
            coordinator.serve(std::future::pending()).await.expect("it serves");
        });
        Self { address, scheme, authority, holders, serving, _cluster: cluster, directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn token(&self, role: Role) -> &Token {
        &self.holders.iter().find(|(its, _)| *its == role).expect("all roles have one").1
    }

    /// What somebody has to present who trusts the authority and has a token, if any.
    pub(crate) fn credentials(&self, token: Option<&Token>) -> Credentials {
        Credentials { ca: Some(self.path("ca.pem")), token: token.cloned(), ..Credentials::default() }
    }

    /// The same with a certificate.
    pub(crate) fn certified(&self, token: Option<&Token>, identity: &Identity) -> Credentials {
        let (certificate, key) = (Some(identity.certificate.clone()), Some(identity.key.clone()));
        Credentials { certificate, key, ..self.credentials(token) }
    }

    /// A client that connects when it asks first.
    pub(crate) fn dial(&self, credentials: &Credentials) -> CampaignServiceClient<Connection> {
        let dialer = credentials.dialer(&self.url()).expect("credentials");
        CampaignServiceClient::new(dialer.connect_lazy())
    }

    /// A client of a role, or of none.
    pub(crate) fn campaigns(&self, role: Option<Role>) -> CampaignServiceClient<Connection> {
        self.dial(&self.credentials(role.map(|role| self.token(role))))
    }

    /// A worker's client with the token of a role.
    pub(crate) fn workers(&self, role: Role) -> WorkerServiceClient<Connection> {
        let dialer = self.credentials(Some(self.token(role))).dialer(&self.url()).expect("credentials");
        WorkerServiceClient::new(dialer.connect_lazy())
    }
}

/// The line of a token, under its role's name.
pub(crate) fn line(role: Role, token: &Token) -> String {
    format!("{}\n", tokens::line(role, &role.to_string(), token).expect("a name"))
}

/// Puts a file in the place of another, at once.
pub(crate) fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).expect("a writable directory");
    fs::rename(new, path).expect("a writable directory");
}

/// Asks for the list of campaigns.
pub(crate) async fn list(client: &mut CampaignServiceClient<Connection>) -> Result<Response<v1::ListResponse>, Status> {
    client.list(v1::ListRequest {}).await
}
