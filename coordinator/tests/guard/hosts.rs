//! Coordinators and workers on hosts of their own: network namespaces, joined by a bridge.
//!
//! Needs root and `ip netns`; where that is not permitted, the test says so and does nothing.

use crate::{
    certificates::{Authority, Identity, Validity},
    support::{Place, differences, superposed, told},
    waiting::until,
};
use nix::unistd::Uid;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::{self, Child, Command, Output, Stdio},
};
use superposed::{
    guard::{Role, tokens},
    postgres::Cluster,
};
use superposed_shared::credentials::VARIABLES;

/// Hosts on one network. They are gone when this is dropped.
struct Hosts {
    prefix: String,
    names: Vec<&'static str>,
}

/// A process that is killed when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether `ip` did what was asked.
fn ip(arguments: &str) -> Result<(), String> {
    let done = Command::new("ip").args(arguments.split(' ')).output().map_err(|error| error.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()) }
}

impl Hosts {
    /// A host of each name, the nth with the address 10.77.0.n; or why that cannot be.
    fn start(names: &[&'static str]) -> Result<Self, String> {
        if !Uid::effective().is_root() {
            return Err("only root makes network namespaces".to_owned());
        }
        let prefix = format!("sp{}", process::id());
        let hosts = Self { prefix: prefix.clone(), names: names.to_vec() };
        let hub = format!("{prefix}-hub");
        ip(&format!("netns add {hub}"))?;
        ip(&format!("-n {hub} link add bridge type bridge"))?;
        ip(&format!("-n {hub} link set bridge up"))?;
        for (number, name) in names.iter().enumerate().map(|(at, name)| (at + 1, name)) {
            let host = format!("{prefix}-{name}");
            ip(&format!("netns add {host}"))?;
            ip(&format!("link add port{number} netns {hub} type veth peer name eth0 netns {host}"))?;
            ip(&format!("-n {hub} link set port{number} master bridge up"))?;
            ip(&format!("-n {host} addr add 10.77.0.{number}/24 dev eth0"))?;
            ip(&format!("-n {host} link set lo up"))?;
            ip(&format!("-n {host} link set eth0 up"))?;
        }
        Ok(hosts)
    }

    /// A command on a host.
    fn on(&self, host: &str, command: &Command) -> Command {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &format!("{}-{host}", self.prefix)]);
        there.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        there.env_remove("SUPERPOSED_LOG").env_remove("SUPERPOSED_COORDINATOR");
        for variable in VARIABLES {
            there.env_remove(variable);
        }
        there
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in self.names.iter().chain([&"hub"]) {
            let _ = ip(&format!("netns del {}-{name}", self.prefix));
        }
    }
}

/// What everybody presents: whom they trust, their certificate, a token in a file.
fn presented(place: &Place, identity: &Identity, token: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let options = [
        ("--ca", text(&place.path("ca.pem"))),
        ("--certificate", text(&identity.certificate)),
        ("--key", text(&identity.key)),
        ("--token-file", text(token)),
    ];
    options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).collect()
}

/// How many jobs a campaign has done, of the line that tells of it.
fn done(line: &str) -> Option<u32> {
    line.split(" of ").next()?.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_on_four_hosts_under_mutual_tls_ends_complete_though_a_coordinator_is_killed() {
    let hosts = match Hosts::start(&["c1", "c2", "w1", "w2"]) {
        Ok(hosts) => hosts,
        Err(why) => {
            eprintln!("skipped: there are no network namespaces to be had here ({why})");
            return;
        }
    };
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let cluster = Cluster::start(&place.path("state")).await.expect("Postgres starts");
    let authority = Authority::new("an authority");
    let ca = authority.write(&place.path("ca.pem"));
    let client = authority.issue(&place.path("client"), "a client", Validity::Good);
    let mut lines = String::new();
    for role in [Role::Operator, Role::Worker] {
        let token = tokens::mint().expect("random bits");
        place.file(&role.to_string(), token.secret());
        lines += &format!("{}\n", tokens::line(role, &role.to_string(), &token).expect("a name"));
    }
    let known = place.file("tokens", &lines);

    let url = |number: usize| format!("https://10.77.0.{number}:7117");
    let log = |name: &str| File::create(place.path(&format!("{name}.log"))).expect("a writable directory");
    let mut coordinators: Vec<Running> = (1..=2)
        .map(|number| {
            let (name, address) = (format!("c{number}"), format!("10.77.0.{number}"));
            let server = authority.issue(&place.path(&name), &address, Validity::Good);
            let mut serve = superposed(&["serve", "--lease-seconds", "3", "--database", &cluster.url()]);
            serve.args(["--listen", &format!("{address}:7117")]).arg("--tokens").arg(&known);
            serve.arg("--certificate").arg(&server.certificate).arg("--key").arg(&server.key);
            serve.arg("--client-ca").arg(&ca);
            let mut there = hosts.on(&name, &serve);
            let mut child = there.stdout(Stdio::piped()).stderr(log(&name)).spawn().expect("the program starts");
            let mut said = String::new();
            BufReader::new(child.stdout.take().expect("piped")).read_line(&mut said).expect("a line");
            assert_eq!(said.trim(), format!("listening on {}", url(number)));
            Running(child)
        })
        .collect();
    let _workers: Vec<Running> = ["w1", "w2"]
        .into_iter()
        .map(|name| {
            let program = Path::new(env!("CARGO_BIN_EXE_superposed")).with_file_name("superposed-worker");
            let mut worker = Command::new(program);
            worker.args(["--name", name, "--cores", "1", "--capacity", "64"]);
            worker.args(["--coordinator", &format!("{},{}", url(1), url(2))]);
            worker.args(presented(&place, &client, &place.path("worker")));
            let mut there = hosts.on(name, &worker);
            Running(there.stdout(Stdio::null()).stderr(log(name)).spawn().expect("the program starts"))
        })
        .collect();

    // An operator asks the second coordinator, from a worker's host.
    let operate = |arguments: &[&str]| -> Output {
        let mut command = superposed(arguments);
        command.args(["--coordinator", &url(2)]).args(presented(&place, &client, &place.path("operator")));
        hosts.on("w1", &command).output().expect("the program starts")
    };
    let submit = |name: &str| {
        let text = format!(
            "name = '{name}'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\ndestination = '{name}'\n\
             modes = ['i', 'ii']\n[parameters]\nmin_freq = 20\n"
        );
        let file = place.file(&format!("{name}.toml"), &text);
        let submitted = operate(&["submit", file.to_str().expect("UTF-8")]);
        assert!(submitted.status.success(), "{}", told(&submitted));
    };
    let status = |id: &str| {
        let told_of = operate(&["status", id]);
        assert!(told_of.status.success(), "{}", told(&told_of));
        String::from_utf8(told_of.stdout).expect("text").lines().next().unwrap_or_default().to_owned()
    };

    submit("undisturbed");
    until("the first campaign is completed", async || status("1").contains("is completed:").then_some(())).await;
    submit("disturbed");
    until("the second has begun", async || done(&status("2")).filter(|jobs| *jobs > 0)).await;
    coordinators[0].0.kill().expect("an own child");
    coordinators[0].0.wait().expect("an own child");
    let left = 2_304 - done(&status("2")).expect("a number");
    eprintln!("a coordinator was killed when {left} of 2304 jobs were left");
    let last =
        until("the second is completed", async || Some(status("2")).filter(|line| !line.contains("is running"))).await;
    assert!(last.contains("is completed: 2304 of 2304 jobs done, 0 failed"), "{last}");
    assert_eq!(differences(&place.path("undisturbed"), &place.path("disturbed")), Vec::<std::path::PathBuf>::new());
    assert!(left > 0, "the coordinator was killed too late");
}
