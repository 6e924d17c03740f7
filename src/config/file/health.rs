//! The shape of `monitor`, `ping`, `reconnection` and `breaker`.
//!
//! The first three are blocks of the gateway that a server overrides key by key. One list of keys
//! makes both: the whole block with its defaults, and the part of it that a server may give.
//!
//! *Invariant:* a server's part has no key that only the gateway as a whole can follow.

use super::Span;
use mcpvisor_actors::health::{BreakerPolicy, MonitorPolicy, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// A block of the gateway (its own keys in the first braces), and what of it a server may override.
macro_rules! block {
    (
        $(#[$doc:meta])*
        $whole:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:expr,)* }
        $(#[$part_doc:meta])*
        $part:ident { $($(#[$key_doc:meta])* $key:ident: $type:ty = $default:expr,)* }
    ) => {
        $(#[$doc])*
        #[derive(Deserialize)]
        #[cfg_attr(test, derive(Serialize, JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        pub(in crate::config) struct $whole {
            $($(#[$key_doc])* pub(in crate::config) $key: $type,)*
            $($(#[$own_doc])* pub(in crate::config) $own: $own_type,)*
        }

        impl Default for $whole {
            fn default() -> Self {
                Self { $($key: $default,)* $($own: $own_default,)* }
            }
        }

        impl $whole {
            /// What servers follow, every key given.
            pub(in crate::config) fn shared(&self) -> $part {
                $part { $($key: Some(self.$key),)* }
            }
        }

        $(#[$part_doc])*
        #[derive(Deserialize, Default)]
        #[cfg_attr(test, derive(JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        pub(in crate::config) struct $part {
            $($(#[$key_doc])* pub(in crate::config) $key: Option<$type>,)*
        }
    };
}

block! {
    /// How often servers are checked.
    Monitor {
        /// Servers that are checked at the same time.
        max_concurrent_checks: usize = 64,
    }
    /// How often this server is checked, where it differs from the top-level `monitor`.
    OwnMonitor {
        /// Whether it is checked at all.
        enabled: bool = MonitorPolicy::default().enabled,
        /// Time between two checks when `adaptive_interval` is off.
        check_interval: Span = Span(MonitorPolicy::default().check_interval),
        /// Whether that time follows the quality: between `stable_interval` and
        /// `unstable_interval`.
        adaptive_interval: bool = MonitorPolicy::default().adaptive_interval,
        /// Time between two checks of a server that does well.
        stable_interval: Span = Span(MonitorPolicy::default().stable_interval),
        /// Time between two checks of a server that does not.
        unstable_interval: Span = Span(MonitorPolicy::default().unstable_interval),
        /// A quality (0 to 100) below this is not doing well.
        #[cfg_attr(test, schemars(range(max = 100)))]
        quality_threshold: usize = MonitorPolicy::default().quality_threshold.into(),
    }
}

block! {
    /// How silent servers are asked whether they still live.
    Ping {}
    /// How this server is asked, where it differs from the top-level `ping`.
    OwnPing {
        /// Whether it is asked; without, only calls and the connection tell how it is.
        enabled: bool = PingPolicy::default().enabled,
        /// A server heard within this time is not asked.
        interval: Span = Span(PingPolicy::default().interval),
        /// Longest wait for an answer; the confirming question waits twice as long.
        timeout: Span = Span(PingPolicy::default().timeout),
        /// Questions in a row without an answer before the server counts as lost.
        #[cfg_attr(test, schemars(range(min = 1, max = 1000)))]
        max_failures: usize = PingPolicy::default().max_failures as usize,
        /// A call that waits this long for the first sign of its server has it asked at once; 0
        /// never does.
        suspect_after: Span = Span(PingPolicy::default().suspect_after),
    }
}

block! {
    /// How lost servers are connected again.
    Reconnection {
        /// Servers that are being connected at the same time.
        max_concurrent: usize = 3,
    }
    /// How this server is connected again, where it differs from the top-level `reconnection`.
    OwnReconnection {
        /// Delay after the first attempt that failed.
        initial_delay: Span = Span(ReconnectionPolicy::default().initial_delay),
        /// What each further delay is the last one times.
        #[cfg_attr(test, schemars(range(min = 1.0, max = 100.0)))]
        factor: f64 = ReconnectionPolicy::default().factor,
        /// Longest delay.
        max_delay: Span = Span(ReconnectionPolicy::default().max_delay),
        /// Whether a delay is drawn at random between nothing and its full length.
        jitter: bool = ReconnectionPolicy::default().jitter,
        /// A server down for longer is tried only now and then, or when a call asks for it.
        park_after: Span = Span(ReconnectionPolicy::default().park_after),
        /// A connection that stood this long was stable: the delays start anew.
        stable_after: Span = Span(ReconnectionPolicy::default().stable_after),
    }
}

/// When calls to a server that fails them are refused at once.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Breaker {
    /// Calls in a row that fail for reasons of the server before it opens; 0 never opens it.
    #[cfg_attr(test, schemars(range(max = 1000)))]
    pub(in crate::config) failures: usize,
    /// How long calls are refused before one is tried.
    pub(in crate::config) open_for: Span,
}

impl Default for Breaker {
    fn default() -> Self {
        let BreakerPolicy { failures, open_for } = BreakerPolicy::default();
        Self { failures: failures as usize, open_for: Span(open_for) }
    }
}
