//! The library's counters as Prometheus reads them.

use crate::exit::{Exit, Failure};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The counters of this process.
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to count; to be called once, before any connection.
    pub fn install() -> Result<Self, Failure> {
        let installed = PrometheusBuilder::new().install_recorder();
        let failed = |error| Failure::new(Exit::Internal, format!("cannot count: {error}"));
        installed.map(Self).map_err(failed)
    }

    /// All of them in Prometheus's text format.
    pub fn text(&self) -> String {
        self.0.render()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}
