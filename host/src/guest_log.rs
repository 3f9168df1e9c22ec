//! Where a guest's log lines go: into the host's log, marked as the guest's, under the call's id. Bounded and scrubbed
//! by the sandbox before they come here.

use jackfield_core::call::CallContext;
use jackfield_core::port::{GuestLog, LogLevel};

/// Writes through `tracing`, target `guest`.
pub struct TracingLog;

impl GuestLog for TracingLog {
    fn write(&self, context: &CallContext, level: LogLevel, message: &str, fields: &[(String, String)]) {
        let (call_id, connection) = (&*context.call_id, &*context.connection);
        // A line of a guest is one line: with a line break it could write lines of its own into the log.
        let message = message.replace('\n', "\\n").replace('\r', "\\r");
        let fields = fields.iter().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(" ");
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(target: "guest", call_id, connection, fields, "{message}")
            };
        }
        match level {
            LogLevel::Trace => line!(trace),
            LogLevel::Debug => line!(debug),
            LogLevel::Info => line!(info),
            LogLevel::Warn => line!(warn),
            LogLevel::Error => line!(error),
        }
    }
}
