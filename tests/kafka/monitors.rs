//! Prometheus and Alertmanager on loopback, and somebody whom Alertmanager calls.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::process::{Process, get};
use crate::setting::answers;
use crate::{port, wait};

const LIMIT: Duration = Duration::from_secs(60);
const PROMETHEUS: &str = "prometheus";
const ALERTMANAGER: &str = "prometheus-alertmanager";

/// A program that is not installed.
pub fn missing() -> Option<&'static str> {
    [PROMETHEUS, ALERTMANAGER].into_iter().find(|program| answers(program, "--version").is_none())
}

/// The rules of `deploy/`, with seconds where they say minutes and hours.
pub fn hurried_rules() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus/rules.yml");
    let hurry = |line: &str| {
        let waits = line.trim_start().starts_with("for: ");
        let line =
            if waits { line.split(": ").next().unwrap_or_default().to_owned() + ": 2s" } else { line.to_owned() };
        ["[5m]", "[15m]", "[30m]", "[1h]"].iter().fold(line, |line, range| line.replace(range, "[10s]"))
    };
    std::fs::read_to_string(file).expect("the rules").lines().map(|line| hurry(line) + "\n").collect()
}

/// Prometheus with the hurried rules, Alertmanager behind it, and a receiver behind that.
pub struct Monitors {
    prometheus: Process,
    alertmanager: Process,
    port: u16,
    calls: Arc<Mutex<Vec<Value>>>,
}

impl Monitors {
    /// Watches instances that serve metrics on these ports of loopback.
    pub fn start(dir: &Path, targets: &[u16]) -> Monitors {
        let (port, alerting) = (port::free(1), port::free(2));
        let (receiver, calls) = receive();
        let targets: Vec<String> = targets.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let put = |name: &str, text: String| {
            let file = dir.join(name);
            std::fs::write(&file, text).expect("write");
            file.to_str().expect("a plain path").to_owned()
        };
        put("rules.yml", hurried_rules());
        let config = put(
            "prometheus.yml",
            format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}\n\
                 rule_files: [rules.yml]\n\
                 scrape_configs:\n  - job_name: stillwatch\n    static_configs: [{{targets: {targets:?}}}]\n\
                 alerting:\n  alertmanagers:\n    - static_configs: [{{targets: ['127.0.0.1:{alerting}']}}]\n"
            ),
        );
        let routes = put(
            "alertmanager.yml",
            format!(
                "route: {{receiver: test, group_by: [alertname], group_wait: 1s, group_interval: 1s}}\n\
                 receivers:\n  - name: test\n    webhook_configs: [{{url: 'http://127.0.0.1:{receiver}/'}}]\n"
            ),
        );
        let data = |name: &str| dir.join(name).to_str().expect("a plain path").to_owned();
        let mut command = Command::new(ALERTMANAGER);
        command.arg(format!("--config.file={routes}")).arg(format!("--storage.path={}", data("alertmanager")));
        command.arg(format!("--web.listen-address=127.0.0.1:{alerting}")).arg("--cluster.listen-address=");
        let alertmanager = Process::start(command, "alertmanager", dir);
        let mut command = Command::new(PROMETHEUS);
        command.arg(format!("--config.file={config}")).arg(format!("--storage.tsdb.path={}", data("prometheus")));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let prometheus = Process::start(command, "prometheus", dir);
        Monitors { prometheus, alertmanager, port, calls }
    }

    /// What an expression is now: one number per series. Panics where Prometheus refuses it.
    pub fn query(&self, expression: &str) -> Vec<f64> {
        let mut path = "/api/v1/query?query=".to_owned();
        for byte in expression.bytes() {
            write!(path, "%{byte:02x}").expect("strings take all");
        }
        let answer = self.ask(&path);
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let result = &answer["data"]["result"];
        let series = result.as_array().unwrap_or_else(|| panic!("{expression}: {answer}"));
        series.iter().filter_map(|one| one["value"][1].as_str()?.parse().ok()).collect()
    }

    /// Waits until an expression has a value that will do.
    pub fn until(&self, expression: &str, will_do: impl Fn(&[f64]) -> bool) {
        let now = || self.is_ready().then(|| self.query(expression));
        let explain = || format!("it is {:?}\n{}", now(), self.prometheus.tail());
        wait::until(expression, LIMIT, explain, || now().filter(|values| will_do(values)));
    }

    /// It answers nothing else while it reads its data.
    fn is_ready(&self) -> bool {
        get(self.port, "/-/ready").is_some_and(|(status, _)| status == 200)
    }

    /// Rules that Prometheus could not evaluate, with its words.
    pub fn broken_rules(&self) -> Vec<String> {
        let answer = self.ask("/api/v1/rules");
        let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
        let rules: Vec<Value> =
            groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect();
        assert!(rules.len() > 10, "{answer}");
        rules.into_iter().filter(|rule| rule["health"] != "ok").map(|rule| rule.to_string()).collect()
    }

    /// Waits until the receiver has been told this about an alert.
    pub fn told(&self, alert: &str, status: &str) {
        let is_it = |one: &Value| one["labels"]["alertname"] == alert && one["status"] == status;
        let calls = || self.calls.lock().expect("calls").clone();
        let explain = || format!("told: {:?}\n{}\n{}", calls(), self.prometheus.tail(), self.alertmanager.tail());
        wait::until(&format!("{alert} {status}"), LIMIT, explain, || calls().iter().any(is_it).then_some(()));
    }

    /// What the receiver was told so far: alert and status.
    pub fn calls(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let calls = self.calls.lock().expect("calls");
        calls.iter().map(|one| (text(&one["labels"]["alertname"]), text(&one["status"]))).collect()
    }

    /// HTTP/1.0, whose answers come in one piece.
    fn ask(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connect");
        stream.set_read_timeout(Some(LIMIT)).expect("time-out");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("ask");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error} in {answer}"))
    }
}

/// A port on which Alertmanager's calls are taken, and the alerts in them.
fn receive() -> (u16, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let alerts = Arc::clone(&calls);
    // ends with the program
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(body) = take(stream) {
                let body: Value = serde_json::from_str(&body).expect("Alertmanager sends JSON");
                alerts.lock().expect("calls").extend(body["alerts"].as_array().cloned().unwrap_or_default());
            }
        }
    });
    (port, calls)
}

/// The body of one request, which is answered and closed.
fn take(mut stream: TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).ok()?;
        request.extend_from_slice(piece.get(..n)?);
        let text = String::from_utf8_lossy(&request);
        let whole = text.split_once("\r\n\r\n").and_then(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            (length == Some(body.len())).then(|| body.to_owned())
        });
        if whole.is_some() || n == 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
            return whole;
        }
    }
}
