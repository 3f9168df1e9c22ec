//! What ties the lines about one call together: its id, the caller's W3C trace context where it sent one, and when it
//! began.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use ulid::{ULID_LEN, Ulid};

/// Ids of one request.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Ours: in the reply, the access log and every line about the call.
    pub call_id: Arc<str>,
    /// As received, when well formed.
    pub traceparent: Option<Arc<str>>,
    /// When its head had been read: the start of its budget.
    pub began: Instant,
    id: Ulid,
}

impl Trace {
    /// Reads a `traceparent` header (W3C Trace Context, version 00). A malformed one is as good as none.
    pub fn new(traceparent: Option<&str>) -> Trace {
        let id = Ulid::from_datetime(std::time::SystemTime::now());
        let call_id = Arc::from(&*id.array_to_str(&mut [0; ULID_LEN]));
        let traceparent = traceparent.filter(|t| is_traceparent(t)).map(Into::into);
        Trace { call_id, traceparent, began: Instant::now(), id }
    }

    /// Of a call that has its id already.
    pub fn of_call(call_id: &str, traceparent: Option<&str>) -> Trace {
        Trace { call_id: call_id.into(), ..Trace::new(traceparent) }
    }

    /// 32 hexadecimal digits, the caller's or new. Written out only where somebody reads it.
    pub fn trace_id(&self) -> impl fmt::Display {
        fmt::from_fn(|f| match &self.traceparent {
            Some(parent) => f.write_str(&parent[3..35]),
            None => write!(f, "{:032x}", self.id.0),
        })
    }
}

fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), ["00", trace, span, flags]
        if hex(trace, 32) && hex(span, 16) && hex(flags, 2) && !trace.bytes().all(|b| b == b'0') && !span.bytes().all(|b| b == b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_trace_goes_on_and_a_malformed_one_is_replaced() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Trace::new(Some(parent));
        assert_eq!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.traceparent.as_deref(), Some(parent));
        for bad in [
            "",
            "00-x-y-z",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            let trace = Trace::new(Some(bad));
            assert_eq!(trace.traceparent, None, "{bad}");
            assert_eq!(trace.trace_id().to_string().len(), 32);
        }
    }
}
