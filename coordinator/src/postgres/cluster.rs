//! A private cluster: made on first use, started, and stopped when it is dropped.

use super::{Binaries, PostgresError};
use nix::{
    errno::Errno,
    sys::signal::kill,
    unistd::{Gid, Pid, Uid, User, chown},
};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// The directory of everything that is Postgres's below a state directory, the socket aside.
const HOME: &str = "postgres";

/// The database's name, and its user's.
const NAME: &str = "superposed";

/// The longest path of a unix socket, in bytes, on every system.
const MAX_SOCKET_PATH: usize = 103;

/// A running private cluster. Dropping it stops it.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    data: PathBuf,
    sockets: PathBuf,
    owner: Option<Owner>,
}

/// How often it is looked whether Postgres still runs.
const LOOK: Duration = Duration::from_secs(1);

/// Who Postgres runs as, when that is not this process's user.
#[derive(Debug, Clone, Copy)]
struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Cluster {
    /// Checks that the cluster below `state` can be started here, and changes nothing.
    ///
    /// # Errors
    /// When Postgres is not installed, or not in the version that made the data.
    pub fn check(state: &Path) -> Result<(), PostgresError> {
        owner()?;
        choose(&data_directory(state))?;
        Ok(())
    }

    /// Starts the cluster below `state`, making it where it is not there yet, with its database. One that a killed
    /// process left running is taken over.
    ///
    /// # Errors
    /// When Postgres is not installed, or does not start.
    pub async fn start(state: &Path) -> Result<Self, PostgresError> {
        let owner = owner()?;
        let data = data_directory(state);
        let binaries = choose(&data)?;
        let home = state.join(HOME);
        let sockets = socket_directory(state);
        fs::create_dir_all(state).map_err(|source| PostgresError::Prepare { path: state.to_owned(), source })?;
        for directory in [&home, &sockets] {
            make_private(directory, owner)
                .map_err(|source| PostgresError::Prepare { path: directory.clone(), source })?;
        }
        let cluster = Self { binaries, data, sockets, owner };
        if !cluster.data.exists() {
            cluster.initialize(&home)?;
        }
        cluster.launch(&home)?;
        cluster.make_database().await?;
        Ok(cluster)
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    fn url_of(&self, database: &str) -> String {
        let host: String = self.sockets.as_os_str().as_bytes().iter().map(|byte| percent(*byte)).collect();
        format!("postgresql:///{database}?host={host}&user={NAME}")
    }

    /// Made aside and moved into place, so that an interrupted start leaves nothing half-made.
    fn initialize(&self, home: &Path) -> Result<(), PostgresError> {
        let prepare = |source| PostgresError::Prepare { path: home.to_owned(), source };
        let fresh = home.join("data.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(prepare)?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(&fresh).args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        run(initdb, "initdb, which makes a private cluster,")?;
        fs::rename(&fresh, &self.data).map_err(prepare)
    }

    fn launch(&self, home: &Path) -> Result<(), PostgresError> {
        let mut status = self.command("pg_ctl");
        status.arg("-D").arg(&self.data).arg("status");
        let running = status.output().is_ok_and(|output| output.status.success());
        let mut start = self.command("pg_ctl");
        // pg_ctl hands all of this to a shell: the data and the log are named from where it runs, and the socket's
        // directory is quoted, so that no path is taken for a command.
        start.current_dir(home).args(["-D", "data", "-l", "log"]);
        let sockets = self.sockets.display().to_string().replace('\'', r"'\''");
        start.args(["-w", "-t", "60", "-o"]);
        start.arg(format!("-k '{sockets}' -c listen_addresses='' -c max_connections=100"));
        start.args(["-m", "fast"]).arg(if running { "restart" } else { "start" });
        run(start, "pg_ctl start, which starts the private cluster,").map_err(|error| match error {
            PostgresError::Program { program, message } => {
                PostgresError::Program { program, message: format!("{message}; see {}", home.join("log").display()) }
            }
            other => other,
        })
    }

    async fn make_database(&self) -> Result<(), PostgresError> {
        let mut connection = PgConnection::connect(&self.url_of("postgres")).await?;
        let known: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(NAME)
            .fetch_optional(&mut connection)
            .await?;
        if known.is_none() {
            // A name cannot be bound; this one is a constant.
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {NAME}"))).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(())
    }

    /// Returns when Postgres runs no more, however it ended. It is nobody's child, so it is looked at now and then.
    pub async fn ended(&self) {
        let mut looks = tokio::time::interval(LOOK);
        while self.runs() {
            looks.tick().await;
        }
    }

    /// Whether the process that its file names is alive; one that ended orderly has removed the file.
    fn runs(&self) -> bool {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok());
        pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        // Ctrl-C in a terminal goes to the whole group, and is to stop the database last.
        command.process_group(0).current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        if let Some(Owner { uid, gid }) = self.owner {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.runs() {
            return;
        }
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(&self.data).args(["-w", "-t", "30", "-m", "fast", "stop"]);
        if let Err(error) = run(stop, "pg_ctl stop") {
            tracing::warn!(error = %error, "the private Postgres was not stopped");
        }
    }
}

/// As root, Postgres runs as `postgres` or `nobody`: it refuses to run as root.
fn owner() -> Result<Option<Owner>, PostgresError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
    user.map(|user| Some(Owner { uid: user.uid, gid: user.gid })).ok_or(PostgresError::NoUser)
}

fn data_directory(state: &Path) -> PathBuf {
    state.join(HOME).join("data")
}

/// A short directory for the socket: below `state` where its path is short enough.
fn socket_directory(state: &Path) -> PathBuf {
    let beside = state.join("run");
    if beside.join(".s.PGSQL.5432").as_os_str().len() <= MAX_SOCKET_PATH {
        return beside;
    }
    let digest = Sha256::digest(state.as_os_str().as_bytes());
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    PathBuf::from("/tmp").join(format!("superposed-{short}"))
}

fn make_private(directory: &Path, owner: Option<Owner>) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // A link that somebody else put there, under /tmp say, would be followed by what comes next.
    if !fs::symlink_metadata(directory)?.is_dir() {
        return Err(std::io::Error::other("it is a link; remove it"));
    }
    if let Some(Owner { uid, gid }) = owner {
        chown(directory, Some(uid), Some(gid))?;
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

/// The installation for a data directory: its own version where it has one already.
fn choose(data: &Path) -> Result<Binaries, PostgresError> {
    let all = Binaries::find_all()?;
    let installed = all.iter().map(|binaries| binaries.major.as_str()).collect::<Vec<_>>().join(", ");
    let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) else {
        return Ok(all.into_iter().next().expect("a search that finds nothing is an error"));
    };
    let made_by = made_by.trim().to_owned();
    let fitting = all.into_iter().find(|binaries| binaries.major == made_by);
    fitting.ok_or_else(|| PostgresError::Version { data: data.to_owned(), made_by, installed })
}

fn run(mut command: Command, program: &'static str) -> Result<(), PostgresError> {
    // Not piped: the server inherits pg_ctl's output, and would hold a pipe open for ever.
    let said = tempfile::tempfile().and_then(|file| Ok((file.try_clone()?, file.try_clone()?, file)));
    let failed = |message: String| PostgresError::Program { program, message };
    let (out, err, mut said) = said.map_err(|error| failed(error.to_string()))?;
    let status = command.stdout(out).stderr(err).status().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let _ = std::io::Seek::rewind(&mut said);
    let _ = std::io::Read::read_to_string(&mut said, &mut text);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(failed(if lines.is_empty() { status.to_string() } else { lines.join(" ") }))
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_lies_beside_its_data_unless_its_path_would_be_too_long() {
        assert_eq!(socket_directory(Path::new("/var/lib/superposed")), Path::new("/var/lib/superposed/run"));
        let deep = PathBuf::from(format!("/{}", "d".repeat(90)));
        let short = socket_directory(&deep);
        assert!(short.join(".s.PGSQL.5432").as_os_str().len() <= MAX_SOCKET_PATH, "{short:?}");
        assert_ne!(short, socket_directory(&deep.join("e")));
    }
}
