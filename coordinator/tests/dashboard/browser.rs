//! A browser without a window.

use fantoccini::{
    Client, ClientBuilder, Locator,
    error::CmdError,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use url::{ParseError, Url};

use crate::support::Guarded;

/// What is waited for comes within this time, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Browser {
    pub(crate) client: Client,
    pictures: Option<PathBuf>,
    _driver: Guarded,
}

/// A command that only this browser knows.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

impl Browser {
    /// Starts Chromium, its profile in a directory.
    pub(crate) async fn start(directory: &Path) -> Self {
        let mut command = Command::new("chromedriver");
        let child = command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = Guarded(child.expect("chromedriver is not installed: run deploy/setup/browser.sh"));
        let lines = BufReader::new(driver.0.stdout.take().expect("piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            Some(line.split_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
        });
        let profile = directory.join("browser");
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,1000",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is written as one") };
        let connector = HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(Capabilities::from_iter(capabilities))
            .connect(&format!("http://127.0.0.1:{}", port.expect("the driver says where it listens")))
            .await
            .expect("Chromium starts");
        let pictures = std::env::var_os("SUPERPOSED_PICTURES").map(PathBuf::from);
        Self { client, pictures, _driver: driver }
    }

    /// Waits for an element.
    pub(crate) async fn element(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} ({error}) in {}", self.text("body").await),
        }
    }

    /// Clicks an element once it is there, also if it is replaced meanwhile.
    pub(crate) async fn click(&self, css: &str) {
        for _ in 0..10 {
            match self.element(css).await.click().await {
                Ok(()) => return,
                Err(error) if error.is_stale_element_reference() => {}
                Err(error) => panic!("{css} cannot be clicked: {error}"),
            }
        }
        panic!("{css} does not stay");
    }

    /// The text of an element that is there.
    pub(crate) async fn text(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        let text = self.client.execute(script, vec![json!(css)]).await.expect("a script runs");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a script, the body of a function, returns what is true.
    pub(crate) async fn until(&self, script: &str) {
        // The page itself looks, with every change of it.
        let waiting = format!(
            "const done = arguments[arguments.length - 1]; const is = () => {{ {script} }}; \
             if (is()) done(true); else {{ const watch = new MutationObserver(() => {{ if (is()) {{ watch.disconnect(); \
             done(true); }} }}); watch.observe(document, {{ subtree: true, childList: true, characterData: true, \
             attributes: true }}); setTimeout(() => {{ watch.disconnect(); done(is()); }}, {}); }}",
            PATIENCE.as_millis()
        );
        let patience = fantoccini::wd::TimeoutConfiguration::new(Some(2 * PATIENCE), Some(2 * PATIENCE), None);
        self.client.update_timeouts(patience).await.expect("the driver listens");
        let came = self.client.execute_async(&waiting, vec![]).await.expect("a script runs");
        assert_eq!(came, json!(true), "{script} did not come to be; the page says {}", self.text("body").await);
    }

    /// What the page complained of.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.own("se/log", json!({ "type": "browser" })).await.expect("the browser logs");
        let entries = log.as_array().cloned().unwrap_or_default();
        let bad = entries.iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
        bad.map(|entry| entry["message"].to_string()).collect()
    }

    /// Pretends that the user wants a colour scheme.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.own("goog/cdp/execute", command).await.expect("the browser knows colour schemes");
    }

    /// The window of a phone, or of a desk.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.own("goog/cdp/execute", command).await.expect("the browser has a window");
    }

    /// Takes a picture for the documentation, where one is asked for.
    pub(crate) async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        assert!(picture.starts_with(b"\x89PNG"), "a picture is a PNG");
        if let Some(directory) = &self.pictures {
            // Tests run in their package's directory; the variable is given relative to the workspace's.
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory);
            fs::create_dir_all(&directory).expect("a writable directory");
            fs::write(directory.join(name), picture).expect("a writable file");
        }
    }

    async fn own(&self, path: &'static str, body: Value) -> Result<Value, CmdError> {
        self.client.issue_cmd(Own(path, body)).await
    }
}
