//! The seam to whoever keeps, counts and sends on what can be observed.

use super::{Observed, Trace, TraceContext};
use crate::server::ServerName;
use crate::session::LogLevel;
use crate::timeline::Event;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Is told what happens. Called on the path of requests: never waits, never fails.
pub trait Observer: Send + Sync + 'static {
    /// Whether it will never look at anything: then requests are not put under observation at all.
    fn is_idle(&self) -> bool {
        false
    }

    /// The spans of a request, unless nothing is traced. `told` is what the request itself said of its
    /// trace (`_meta`), `ambient` what came beside it (HTTP headers).
    fn trace(&self, told: Option<TraceContext>, ambient: Option<TraceContext>) -> Option<Trace>;

    /// A request came.
    fn began(&self, request: &Arc<Observed>);

    /// It is over: [`Observed::outcome`] says how.
    fn over(&self, request: Arc<Observed>);

    /// A server sent a log message; `params` is the JSON text of its parameters, `request` the
    /// [`Observed::number`] it belongs to when that is known.
    fn said(&self, server: &ServerName, level: LogLevel, params: &[u8], request: Option<u64>);

    /// A fact became known of a server.
    fn noted(&self, server: &ServerName, event: &Event);

    /// A client's session ended.
    fn session_over(&self, session: &SessionOver);
}

/// A session that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOver {
    /// Its id.
    pub session: Arc<str>,
    /// How its client came in, as in [`Origin::face`](super::Origin::face).
    pub face: &'static str,
    /// The revision it spoke, when it got so far.
    pub revision: Option<&'static str>,
    /// How long it lasted.
    pub lasted: Duration,
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn is_idle(&self) -> bool {
        true
    }
    fn trace(&self, _: Option<TraceContext>, _: Option<TraceContext>) -> Option<Trace> {
        None
    }
    fn began(&self, _: &Arc<Observed>) {}
    fn over(&self, _: Arc<Observed>) {}
    fn said(&self, _: &ServerName, _: LogLevel, _: &[u8], _: Option<u64>) {}
    fn noted(&self, _: &ServerName, _: &Event) {}
    fn session_over(&self, _: &SessionOver) {}
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
