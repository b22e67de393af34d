//! Probes, metrics and tokens over a real socket.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stillwatch::config::HttpConfig;
use stillwatch::http::{Answers, Cause, Health, Server};
use stillwatch::metrics::Metrics;

/// Serves on a free port for as long as the runtime lives.
fn serve(token: Option<&str>, patience: Duration) -> (SocketAddr, Arc<Health>, tokio::runtime::Runtime) {
    let config = HttpConfig { listen: Some("127.0.0.1:0".parse().unwrap()), token: token.map(ToOwned::to_owned) };
    let health = Arc::new(Health::new(patience));
    let server = Server::bind(&config).unwrap().unwrap();
    let address = server.address();
    let answers = Arc::new(Answers {
        metrics: Metrics::new().unwrap(),
        health: Arc::clone(&health),
        redacted_config: serde_json::json!({ "fold": { "secret": "***" } }),
        model: Arc::new(Mutex::new("trees-1".to_owned())),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(server.serve(answers, std::future::pending()));
    (address, health, runtime)
}

fn get(address: SocketAddr, path: &str, token: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn ready_when_nothing_stands_in_the_way() {
    let (address, health, _runtime) = serve(None, Duration::from_secs(60));
    let (status, text) = get(address, "/readyz", None);
    assert_eq!(status, 503);
    assert_eq!(text, "model: not loaded\nproducer: not initialised\nassignment: waiting for the group\n");
    for cause in [Cause::Model, Cause::Producer, Cause::Assignment] {
        health.release(cause);
    }
    health.hold(Cause::Partition(11), "restoring");
    health.hold(Cause::Partition(3), "restoring");
    assert_eq!(get(address, "/readyz", None), (503, "partition 3: restoring\npartition 11: restoring\n".to_owned()));
    health.release(Cause::Partition(3));
    health.release(Cause::Partition(11));
    assert_eq!(get(address, "/readyz", None), (200, "ready\n".to_owned()));
    assert_eq!(get(address, "/livez", None).0, 200);
}

#[test]
fn not_alive_when_the_loop_stands_still() {
    let (address, health, _runtime) = serve(None, Duration::from_millis(50));
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(get(address, "/livez", None).0, 503);
    health.tick();
    assert!(health.stuck_for().is_none());
}

#[test]
fn metrics_version_and_config_are_served() {
    let (address, _, _runtime) = serve(None, Duration::from_secs(60));
    let (status, text) = get(address, "/metrics", None);
    assert_eq!(status, 200);
    assert!(text.contains("# TYPE stillwatch_records_total counter"), "{text}");
    let version: serde_json::Value = serde_json::from_str(&get(address, "/version", None).1).unwrap();
    assert_eq!(version["model"], "trees-1");
    assert!(get(address, "/config", None).1.contains("***"));
    assert_eq!(get(address, "/nothing", None).0, 404);
}

#[test]
fn a_token_guards_everything_but_the_verdict_of_the_probes() {
    let (address, _, _runtime) = serve(Some("a-token-of-some-length"), Duration::from_secs(60));
    for path in ["/metrics", "/version", "/config"] {
        assert_eq!(get(address, path, None).0, 401, "{path}");
        assert_eq!(get(address, path, Some("another-token")).0, 401, "{path}");
        assert_eq!(get(address, path, Some("a-token-of-some-length")).0, 200, "{path}");
    }
    assert_eq!(get(address, "/livez", None).0, 200);
    assert_eq!(get(address, "/readyz", None), (503, "not ready\n".to_owned()));
    assert!(get(address, "/readyz", Some("a-token-of-some-length")).1.contains("model: not loaded"));
}

#[test]
fn a_taken_port_is_named() {
    let (address, _, _runtime) = serve(None, Duration::from_secs(60));
    let config = HttpConfig { listen: Some(address), token: None };
    let said = Server::bind(&config).unwrap_err().to_string();
    assert!(said.contains(&address.to_string()) && said.contains("free the port"), "{said}");
}
