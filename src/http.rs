//! Metrics and probes over HTTP: `/metrics /livez /readyz /version /config`.
//!
//! The live driver writes its condition into [`Health`]; this file only reads it. With a token, everything
//! but the probes' verdicts needs it: `/livez` and `/readyz` answer anyone, but say why only to who may know.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use sha2::{Digest, Sha256};

use crate::clock;
use crate::config::HttpConfig;
use crate::metrics::{self, Metrics};

/// What can keep the process from being ready. Partitions come last: there are many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The model is not loaded.
    Model,
    /// The producer is not initialised.
    Producer,
    /// Brokers are out of reach.
    Broker,
    /// No assignment yet.
    Assignment,
    /// The process is stopping.
    Stop,
    /// A partition is restoring, folding again, or refused.
    Partition(i32),
}

impl Cause {
    /// The metric's labels.
    pub const LABELS: [&str; 6] = ["model", "producer", "broker", "assignment", "stop", "partition"];

    /// Which of them this is.
    pub fn label(self) -> &'static str {
        match self {
            Cause::Model => "model",
            Cause::Producer => "producer",
            Cause::Broker => "broker",
            Cause::Assignment => "assignment",
            Cause::Stop => "stop",
            Cause::Partition(_) => "partition",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())?;
        match self {
            Cause::Partition(partition) => write!(f, " {partition}"),
            _ => Ok(()),
        }
    }
}

/// The condition of the live driver: reasons against readiness and the last tick of its loop.
#[derive(Debug)]
pub struct Health {
    reasons: Mutex<BTreeMap<Cause, String>>,
    tick_ms: AtomicU64,
    patience: Duration,
}

impl Health {
    /// Not ready: model, producer and assignment are still to come. Alive as long as the loop ticks
    /// within `patience`.
    pub fn new(patience: Duration) -> Health {
        let reasons = BTreeMap::from([
            (Cause::Model, "not loaded".to_owned()),
            (Cause::Producer, "not initialised".to_owned()),
            (Cause::Assignment, "waiting for the group".to_owned()),
        ]);
        let health = Health { reasons: Mutex::new(reasons), tick_ms: AtomicU64::new(0), patience };
        health.tick();
        health
    }

    /// The poll loop went round.
    pub fn tick(&self) {
        self.tick_ms.store(clock::uptime().as_millis() as u64, Ordering::Relaxed);
    }

    /// Not ready, because of this.
    pub fn hold(&self, cause: Cause, why: impl Into<String>) {
        self.lock().insert(cause, why.into());
    }

    /// This no longer stands in the way.
    pub fn release(&self, cause: Cause) {
        self.lock().remove(&cause);
    }

    /// One plain line per reason, e.g. `partition 3: restoring`; none means ready.
    pub fn reasons(&self) -> Vec<String> {
        self.lock().iter().map(|(cause, why)| format!("{cause}: {why}")).collect()
    }

    /// True when nothing stands in the way.
    pub fn is_ready(&self) -> bool {
        self.lock().is_empty()
    }

    /// How many reasons of each cause there are.
    pub fn counts(&self) -> BTreeMap<&'static str, i64> {
        let mut counts = BTreeMap::new();
        for cause in self.lock().keys() {
            *counts.entry(cause.label()).or_insert(0) += 1;
        }
        counts
    }

    /// Time since the last tick.
    pub fn silent_for(&self) -> Duration {
        clock::uptime().saturating_sub(Duration::from_millis(self.tick_ms.load(Ordering::Relaxed)))
    }

    /// The same, if it is longer than patience allows.
    pub fn stuck_for(&self) -> Option<Duration> {
        Some(self.silent_for()).filter(|silent| self.patience < *silent)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Cause, String>> {
        // a panic elsewhere must not blind the probes: the map is whole between calls
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why HTTP does not serve.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The port is taken, or the address is not ours.
    #[error("http.listen {address}: {source}; free the port or choose another address")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The listener broke.
    #[error("http server on {address}: {source}")]
    Serve {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// What the answers are made of.
#[derive(Debug)]
pub struct Answers {
    /// Metrics.
    pub metrics: Metrics,
    /// The condition of the driver.
    pub health: Arc<Health>,
    /// The effective configuration without secrets.
    pub redacted_config: serde_json::Value,
    /// Name of the model, for `/version`; a reload changes it.
    pub model: Arc<Mutex<String>>,
}

/// A bound listener that does not serve yet: a taken port shows before anything else starts.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<[u8; 32]>,
}

impl Server {
    /// Binds; none when HTTP is off.
    pub fn bind(config: &HttpConfig) -> Result<Option<Server>, HttpError> {
        let Some(address) = config.listen else {
            return Ok(None);
        };
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) = bound.map_err(|source| HttpError::Bind { address, source })?;
        Ok(Some(Server { listener, address, token: config.token.as_deref().map(digest) }))
    }

    /// Where it listens; with port 0 the one that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes.
    pub async fn serve(
        self,
        answers: Arc<Answers>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), HttpError> {
        let address = self.address;
        let failed = |source| HttpError::Serve { address, source };
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
        serve(listener, router(answers, self.token)).with_graceful_shutdown(stop).await.map_err(failed)
    }
}

type Shared = State<(Arc<Answers>, Option<[u8; 32]>)>;

fn router(answers: Arc<Answers>, token: Option<[u8; 32]>) -> Router {
    let state = (answers, token);
    let guarded = Router::new()
        .route("/metrics", get(metrics_text))
        .route("/version", get(version))
        .route("/config", get(config))
        .layer(middleware::from_fn_with_state(state.clone(), need_token));
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).merge(guarded).with_state(state)
}

async fn need_token(State((_, token)): Shared, request: Request, next: Next) -> Response {
    if may_know(token, request.headers()) {
        return next.run(request).await;
    }
    let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"stillwatch\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a bearer token is needed\n").into_response()
}

async fn livez(State((answers, _)): Shared) -> Response {
    match answers.health.stuck_for() {
        None => (StatusCode::OK, "alive\n").into_response(),
        Some(silent) => {
            let text = format!("the poll loop has not gone round for {} s\n", silent.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn readyz(State((answers, token)): Shared, headers: HeaderMap) -> Response {
    let reasons = answers.health.reasons();
    if reasons.is_empty() {
        return (StatusCode::OK, "ready\n").into_response();
    }
    let text = if may_know(token, &headers) { reasons.join("\n") + "\n" } else { "not ready\n".to_owned() };
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn metrics_text(State((answers, _)): Shared) -> Response {
    // asked when scraped: a poll loop that stands still could not say so
    answers.metrics.condition(&answers.health);
    match answers.metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics: {error}\n")).into_response(),
    }
}

async fn version(State((answers, _)): Shared) -> Response {
    let model = answers.model.lock().unwrap_or_else(PoisonError::into_inner).clone();
    json(&serde_json::json!({ "name": "stillwatch", "version": crate::cli::VERSION, "model": model }))
}

async fn config(State((answers, _)): Shared) -> Response {
    json(&answers.redacted_config)
}

fn json(value: &serde_json::Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], format!("{value:#}\n")).into_response()
}

/// Digests are compared, not tokens: how long that takes says nothing about the token.
fn may_know(token: Option<[u8; 32]>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    shown.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|shown| digest(shown.trim()) == token)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
