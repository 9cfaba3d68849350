//! Postgres, as the test itself sees it: past the proxies, and through the tables alone.

use sqlx::{PgPool, Row, postgres::PgPoolOptions};
use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use superposed::postgres::{Binaries, Cluster};

/// Notes every lease that is granted and every one that ends unfinished, in the transaction that does it.
const NOTES: &str = "
CREATE TABLE chaos_leases (
    campaign_id bigint, mode smallint, layer integer, ordinals int4range, worker_id text
);
CREATE TABLE chaos_returns (
    campaign_id bigint, mode smallint, layer integer, ordinals int4range, worker_id text, cause text
);
CREATE TABLE chaos_epochs (epoch bigint PRIMARY KEY);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A new row of a lease is what was leased before, unless the epoch is new: its first row then.
        IF NEW.state = 'leased' AND NOT EXISTS (SELECT FROM chaos_epochs WHERE epoch = NEW.epoch) THEN
            INSERT INTO chaos_epochs VALUES (NEW.epoch);
            INSERT INTO chaos_leases VALUES (NEW.campaign_id, NEW.mode, NEW.layer, NEW.ordinals, NEW.worker_id);
        END IF;
    ELSIF NEW.state = 'leased' AND OLD.state <> 'leased' THEN
        INSERT INTO chaos_epochs VALUES (NEW.epoch);
        INSERT INTO chaos_leases VALUES (NEW.campaign_id, NEW.mode, NEW.layer, NEW.ordinals, NEW.worker_id);
    ELSIF OLD.state = 'leased' AND NEW.state NOT IN ('leased', 'done') THEN
        -- What is handed back keeps its time; what is taken away gets a new one, and an error.
        INSERT INTO chaos_returns VALUES (
            NEW.campaign_id, NEW.mode, NEW.layer, NEW.ordinals, OLD.worker_id,
            CASE WHEN NEW.not_before = OLD.not_before THEN 'handed back'
                ELSE replace(NEW.error, OLD.worker_id, 'W') END
        );
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER chaos_note AFTER INSERT OR UPDATE ON spans FOR EACH ROW EXECUTE FUNCTION chaos_note();
";

/// Jobs that a worker holds, and the fence under which it does.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    epoch: i64,
    mode: i16,
    layer: i32,
    lower: i32,
    upper: i32,
}

impl Held {
    pub(crate) fn jobs(held: &[Self]) -> usize {
        held.iter().map(|lease| (lease.upper - lease.lower) as usize).sum()
    }
}

/// Consecutive jobs of a (mode, layer).
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    pub(crate) mode: i16,
    pub(crate) layer: i32,
    pub(crate) ordinals: std::ops::Range<i32>,
}

/// How a campaign is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: String,
    pub(crate) done: i64,
    pub(crate) trouble: Option<String>,
}

impl Standing {
    pub(crate) fn ended(&self) -> bool {
        self.state != "running"
    }
}

/// A private Postgres.
#[derive(Debug)]
pub(crate) struct Database {
    cluster: Cluster,
    home: PathBuf,
    pool: PgPool,
}

impl Database {
    pub(crate) async fn start(state: &Path) -> Self {
        let cluster = Cluster::start(state).await.expect("a private Postgres");
        let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(2));
        let pool = options.connect(&cluster.url()).await.expect("the database is there");
        Self { cluster, home: state.join("postgres"), pool }
    }

    /// The unix socket it listens on.
    pub(crate) fn socket(&self) -> PathBuf {
        let url = self.cluster.url();
        let host = url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("the socket's directory");
        Path::new(host).join(".s.PGSQL.5432")
    }

    /// To be called once the schema is there.
    pub(crate) async fn take_notes(&self) {
        sqlx::raw_sql(NOTES).execute(&self.pool).await.expect("the queue's tables");
    }

    /// Crashes Postgres and starts it again: `pg_ctl restart -m immediate`.
    pub(crate) async fn crash_and_restart(&self) {
        let data = self.home.join("data");
        let installed = fs::read_to_string(data.join("PG_VERSION")).expect("a cluster");
        let binaries = Binaries::find_all().expect("the installation that was found before");
        let binaries = binaries.into_iter().find(|binaries| binaries.major == installed.trim()).expect("its version");
        let owner = fs::metadata(&data).expect("a cluster");
        let mut restart = Command::new(binaries.program("pg_ctl"));
        restart.arg("-D").arg(&data).args(["-w", "-t", "60", "-m", "immediate", "restart", "-l", "log"]);
        restart.process_group(0).current_dir(&self.home).env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
        if nix::unistd::Uid::effective().is_root() {
            restart.uid(owner.uid()).gid(owner.gid());
        }
        let restarted = tokio::task::spawn_blocking(move || restart.status().expect("pg_ctl starts")).await;
        assert!(restarted.expect("no panic").success(), "pg_ctl restart failed: see {}", self.home.display());
    }

    pub(crate) async fn standing(&self, campaign: i64) -> sqlx::Result<Standing> {
        let query = sqlx::query(
            "SELECT state::text, trouble, (
                 SELECT coalesce(sum(upper(ordinals) - lower(ordinals)), 0)::bigint FROM spans
                 WHERE campaign_id = campaigns.id AND spans.state = 'done'
             ) AS done FROM campaigns WHERE id = $1",
        );
        let row = query.bind(campaign).fetch_one(&self.pool).await?;
        Ok(Standing { state: row.get("state"), done: row.get("done"), trouble: row.get("trouble") })
    }

    /// What a worker holds.
    pub(crate) async fn held(&self, campaign: i64, worker: &str) -> sqlx::Result<Vec<Held>> {
        let query = sqlx::query(
            "SELECT epoch, mode, layer, lower(ordinals) AS lower, upper(ordinals) AS upper FROM spans
             WHERE campaign_id = $1 AND worker_id = $2 AND state = 'leased'",
        );
        let rows = query.bind(campaign).bind(worker).fetch_all(&self.pool).await?;
        let held = |row: &sqlx::postgres::PgRow| Held {
            epoch: row.get("epoch"),
            mode: row.get("mode"),
            layer: row.get("layer"),
            lower: row.get("lower"),
            upper: row.get("upper"),
        };
        Ok(rows.iter().map(held).collect())
    }

    /// Whether all of these jobs are leased under other fences, or done.
    pub(crate) async fn elsewhere(&self, campaign: i64, held: &[Held]) -> sqlx::Result<bool> {
        let query = sqlx::query_scalar(
            "SELECT NOT EXISTS (
                 SELECT FROM unnest($2::bigint[], $3::smallint[], $4::integer[], $5::integer[], $6::integer[])
                     AS held (epoch, mode, layer, lower, upper)
                 JOIN spans ON spans.campaign_id = $1 AND spans.mode = held.mode AND spans.layer = held.layer
                     AND spans.ordinals && int4range(held.lower, held.upper)
                 WHERE spans.state = 'pending' OR spans.state = 'leased' AND spans.epoch = held.epoch
             )",
        );
        let column = |of: fn(&Held) -> i32| held.iter().map(of).collect::<Vec<_>>();
        let query = query.bind(campaign).bind(held.iter().map(|lease| lease.epoch).collect::<Vec<_>>());
        let query = query.bind(held.iter().map(|lease| lease.mode).collect::<Vec<_>>());
        let query = query.bind(column(|lease| lease.layer)).bind(column(|lease| lease.lower));
        query.bind(column(|lease| lease.upper)).fetch_one(&self.pool).await
    }

    /// How many Syncs of a worker's present process were begun; the boot tells processes apart.
    pub(crate) async fn syncs(&self, worker: &str) -> sqlx::Result<(i64, i64)> {
        let query = sqlx::query("SELECT boot, sequence FROM workers WHERE id = $1").bind(worker);
        let row = query.fetch_one(&self.pool).await?;
        Ok((row.get("boot"), row.get("sequence")))
    }

    /// Jobs whose worker's failure was theirs, or given up.
    pub(crate) async fn burnt(&self, campaign: i64) -> i64 {
        let query = sqlx::query_scalar(
            "SELECT coalesce(sum(upper(ordinals) - lower(ordinals)), 0)::bigint FROM spans
             WHERE campaign_id = $1 AND attempts > 0",
        );
        query.bind(campaign).fetch_one(&self.pool).await.expect("the database is there")
    }

    /// Fails unless the done spans of a campaign are a partition of all its ordinals. Returns the number of jobs.
    pub(crate) async fn check_all_done(&self, campaign: i64) -> i64 {
        let query = sqlx::query(
            "SELECT mode, layer, jobs, spans.* FROM layers JOIN LATERAL (
                 SELECT coalesce(sum(upper(ordinals) - lower(ordinals)), 0)::bigint AS numbered,
                     range_agg(ordinals) = int4multirange(int4range(0, layers.jobs)) AS gapless,
                     bool_and(state = 'done') AS done
                 FROM spans WHERE campaign_id = $1 AND spans.mode = layers.mode AND spans.layer = layers.layer
             ) AS spans ON true
             WHERE campaign_id = $1",
        );
        let layers = query.bind(campaign).fetch_all(&self.pool).await.expect("the database is there");
        let mut all = 0;
        for row in layers {
            let place = format!("mode {} layer {}", row.get::<i16, _>("mode"), row.get::<i32, _>("layer"));
            let jobs = i64::from(row.get::<i32, _>("jobs"));
            assert_eq!(row.get::<Option<bool>, _>("gapless"), Some(true), "{place}: the spans are no partition");
            assert_eq!(row.get::<i64, _>("numbered"), jobs, "{place}: the spans overlap");
            assert_eq!(row.get::<Option<bool>, _>("done"), Some(true), "{place}: not all jobs are done");
            all += jobs;
        }
        all
    }

    /// All leases of a campaign that were ever granted.
    pub(crate) async fn granted(&self, campaign: i64) -> Vec<Jobs> {
        self.noted("SELECT *, '' AS cause FROM chaos_leases WHERE campaign_id = $1", campaign).await.0
    }

    /// What was leased and not finished, and why the lease ended.
    pub(crate) async fn returned(&self, campaign: i64) -> (Vec<Jobs>, Vec<String>) {
        self.noted("SELECT * FROM chaos_returns WHERE campaign_id = $1", campaign).await
    }

    async fn noted(&self, query: &'static str, campaign: i64) -> (Vec<Jobs>, Vec<String>) {
        let rows = sqlx::query(query).bind(campaign).fetch_all(&self.pool).await.expect("the database is there");
        let read = |row: &sqlx::postgres::PgRow| {
            let range: sqlx::postgres::types::PgRange<i32> = row.get("ordinals");
            let (std::ops::Bound::Included(lower), std::ops::Bound::Excluded(upper)) = (range.start, range.end) else {
                panic!("{range:?} is not in the canonical form")
            };
            (Jobs { mode: row.get("mode"), layer: row.get("layer"), ordinals: lower..upper }, row.get("cause"))
        };
        rows.iter().map(read).unzip()
    }
}
