//! What both ends of a WebSocket have in common here: caps, compression, the subprotocol.
//!
//! One message is one text frame. Compression never keeps a window from one message to the next, so
//! that a connection costs no memory for it while nothing is said.
//!
//! *Invariant:* a message is measured as it is after decompression, and given up at the cap.

mod onward;

pub(crate) use onward::Onward;

use mcpvisor_actors::wire::Limits;
use std::sync::OnceLock;
use yawc::{CompressionLevel, DeflateOptions, DeflatePool, Options};

/// The subprotocol named when the other end offers it.
pub(crate) const SUBPROTOCOL: &str = "mcp";

/// Compression as it is offered, and the only way it is agreed to.
pub(crate) const DEFLATE: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Messages below this size hardly shrink.
const WORTH_IT: usize = 1024;

/// Compressors that wait for the next message, of all connections together.
const POOLED: usize = 16;

/// Caps and compression of a connection.
pub(crate) fn options(limits: Limits) -> Options {
    static POOL: OnceLock<DeflatePool> = OnceLock::new();
    let pool = POOL.get_or_init(|| DeflatePool::new(POOLED)).clone();
    let compression = DeflateOptions {
        level: CompressionLevel::fast(),
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        compression_threshold: WORTH_IT,
        pool: Some(pool),
    };
    // the library's caps are the first sizes that are too large
    let cap = limits.max_bytes.saturating_add(1);
    Options { compression: Some(compression), ..Options::default() }.with_limits(cap, cap)
}

/// Whether a list such as `Connection: keep-alive, Upgrade` names `wanted`.
pub(crate) fn names(list: &str, wanted: &str) -> bool {
    list.split(',').any(|item| item.trim().eq_ignore_ascii_case(wanted))
}

/// Whether compression can be agreed to: some offer asks for nothing we cannot do.
///
/// Source: RFC 7692, 7.1. The library compresses with the largest window only.
pub(crate) fn takes_deflate(offers: &str) -> bool {
    offers.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate"))
            && parts.all(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                match name.trim() {
                    "server_no_context_takeover" | "client_no_context_takeover" => value.is_empty(),
                    "client_max_window_bits" => true,
                    "server_max_window_bits" => value.trim().trim_matches('"') == "15",
                    _ => false,
                }
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_agreed_to_only_as_far_as_we_can_do_it() {
        for (offers, taken) in [
            ("permessage-deflate", true),
            (DEFLATE, true),
            ("permessage-deflate; client_max_window_bits", true),
            ("Permessage-Deflate;client_max_window_bits=10", true),
            ("permessage-deflate; server_max_window_bits=15", true),
            ("permessage-deflate; server_max_window_bits=10", false),
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", true),
            ("permessage-deflate; shiny", false),
            ("x-webkit-deflate-frame", false),
            ("x-webkit-deflate-frame, permessage-deflate", true),
            ("", false),
        ] {
            assert_eq!(takes_deflate(offers), taken, "{offers}");
        }
    }

    #[test]
    fn a_list_names_what_is_in_it() {
        for (list, named) in
            [("upgrade", true), ("keep-alive, Upgrade", true), ("upgraded", false), ("", false)]
        {
            assert_eq!(names(list, "upgrade"), named, "{list}");
        }
    }
}
