//! Asks systems how they are while nobody else does: the manifest's probe, for connections whose operator wants it
//! (`probe_interval_ms`). A probe only reads, goes the way of every request, and is counted apart from the traffic; a
//! breaker that is half-open may close by it, so that the first person after an outage is not the one who tries.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::registry::Connection;

/// How long one probe may take.
const PROBE_MAX: Duration = Duration::from_secs(5);

/// Probes for as long as it is polled.
pub async fn run(app: Arc<App>) {
    let mut all = JoinSet::new();
    for connection in app.registry.connections() {
        if let Some(interval) = connection.probe_interval.filter(|_| connection.disabled.is_none()) {
            all.spawn(probe(app.clone(), connection.clone(), interval));
        }
    }
    all.join_all().await;
}

async fn probe(app: Arc<App>, connection: Arc<Connection>, interval: Duration) {
    // Hosts that were started together do not ask together.
    let mut next = Instant::now() + interval.mul_f64(fraction());
    loop {
        tokio::time::sleep_until(next).await;
        for endpoint in connection.grant.endpoints() {
            // What it shows stands in the breaker, in the metrics and, where the credential is at fault, in the state.
            if let Some(Err(error)) = app.egress().probe(endpoint, PROBE_MAX).await {
                tracing::debug!(connection = &*connection.name, endpoint = endpoint.name, %error, "a probe failed");
            }
        }
        next = Instant::now() + jittered(interval, fraction());
    }
}

/// Between three quarters of an interval and five, evenly.
fn jittered(interval: Duration, fraction: f64) -> Duration {
    interval.mul_f64(0.75 + fraction / 2.0)
}

/// Between 0 and 1, drawn evenly. Where the system gives no random number, probes are merely less spread.
fn fraction() -> f64 {
    let drawn = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(drawn) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_varies_by_a_quarter() {
        let of = |fraction| jittered(Duration::from_secs(60), fraction).as_secs();
        assert_eq!([of(0.0), of(0.5), of(1.0)], [45, 60, 75]);
        assert!((0.0..=1.0).contains(&fraction()));
    }
}
