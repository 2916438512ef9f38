//! Metrics in the text format of Prometheus. Names and labels hold no personal data: routes by their pattern, never by their ids.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// The content type of the exposition.
pub const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const BUCKETS_S: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What the server counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    problems: IntCounterVec,
    under_way: IntGauge,
    gauges: IntGaugeVec,
    behind_entries: IntGauge,
    behind_seconds: IntGauge,
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// When a name is there twice or not allowed.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("gridfold_http_requests_total", "Requests answered."),
            &["method", "route", "status"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "gridfold_http_request_duration_seconds",
                "Time until the head of the answer.",
            )
            .buckets(BUCKETS_S.to_vec()),
            &["method", "route"],
        )?;
        let problems = IntCounterVec::new(
            Opts::new(
                "gridfold_http_problems_total",
                "Problems answered, by code.",
            ),
            &["code"],
        )?;
        let under_way = IntGauge::new("gridfold_http_requests_under_way", "Requests under way.")?;
        let gauges = IntGaugeVec::new(
            Opts::new(
                "gridfold_items",
                "What the server holds, by kind, as of the last scrape.",
            ),
            &["kind"],
        )?;
        let behind_entries = IntGauge::new(
            "gridfold_views_behind_entries",
            "Entries that were acknowledged and are not in the views yet.",
        )?;
        let behind_seconds = IntGauge::new(
            "gridfold_views_behind_seconds",
            "For how long the views are behind the log; 0 when they are level.",
        )?;
        registry.register(Box::new(behind_entries.clone()))?;
        registry.register(Box::new(behind_seconds.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(problems.clone()))?;
        registry.register(Box::new(under_way.clone()))?;
        registry.register(Box::new(gauges.clone()))?;
        Ok(Self {
            registry,
            requests,
            durations,
            problems,
            under_way,
            gauges,
            behind_entries,
            behind_seconds,
        })
    }

    /// Counts an answer.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.requests
            .with_label_values(&[method, route, &status.to_string()])
            .inc();
        self.durations
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }
    /// Counts a problem.
    pub fn problem(&self, code: &str) {
        self.problems.with_label_values(&[code]).inc();
    }
    /// Requests under way.
    #[must_use]
    pub fn under_way(&self) -> &IntGauge {
        &self.under_way
    }
    /// Notes how many things of a kind there are.
    pub fn holds(&self, kind: &str, count: u64) {
        self.gauges
            .with_label_values(&[kind])
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    /// Notes how far the views are behind the log.
    pub fn views_behind(&self, entries: u64, seconds: u64) {
        let number = |n| i64::try_from(n).unwrap_or(i64::MAX);
        self.behind_entries.set(number(entries));
        self.behind_seconds.set(number(seconds));
    }
    /// Other parts of the server register theirs here.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The exposition.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub fn expose(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(out)
    }
}
