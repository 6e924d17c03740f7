//! Which `Host` and `Origin` headers are let in: the defence against DNS rebinding.
//!
//! A web page can make a browser send requests to a loopback port, but it cannot choose the `Host`
//! and `Origin` the browser puts on them. So both must name us. Pure: no I/O, no request types.
//!
//! Source: MCP 2025-11-25 "Transports", security warning.

use super::HttpSettings;
use std::net::{IpAddr, SocketAddr};

/// A name or address with an optional port, as in `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority {
    name: Name,
    port: Option<u16>,
}

/// Compared as an address when it is one, else without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Address(IpAddr),
    Domain(String),
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        (!text.is_empty() && text.chars().all(plain))
            .then(|| Self::Domain(text.to_ascii_lowercase()))
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Domain(name) => name == "localhost",
        }
    }
}

impl Authority {
    /// Reads `name`, `name:port`, `[v6]`, `[v6]:port` or a bare v6 address.
    fn parse(text: &str) -> Option<Self> {
        if let Some(name) = Name::parse(text) {
            return Some(Self { name, port: None });
        }
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            (Name::Address(address.parse::<IpAddr>().ok()?.to_canonical()), port)
        } else {
            let at = text.find(':')?;
            (Name::parse(&text[..at])?, &text[at..])
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { name, port })
    }

    /// Whether `self`, taken as a rule, lets `host` in; a rule without a port means any port.
    fn admits(&self, host: &Self) -> bool {
        self.name == host.name && self.port.is_none_or(|port| host.port == Some(port))
    }
}

/// Whether a `Host` is this machine's own name or address, whatever its port: one that no web page from
/// elsewhere can have.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    Authority::parse(host).is_some_and(|host| host.name.is_loopback())
}

/// Why a request is turned away before anything of it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    /// No usable `Host`.
    #[error("a request must name exactly one valid host in its Host header")]
    NoHost,
    /// Not a host of ours.
    #[error(
        "this Host is not one of this gateway's; if it should be, add it to `allowed_hosts` in the \
         configuration"
    )]
    Host,
    /// A web page from elsewhere.
    #[error(
        "this Origin may not use this gateway; if it should, add it to `allowed_origins` in the \
         configuration"
    )]
    Origin,
}

/// A configured host that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`allowed_hosts` has `{0}`, which is no host; write `name`, `name:port` or `*`")]
pub struct NotAHost(String);

/// The hosts and origins that are let in.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    any_host: bool,
    hosts: Vec<Authority>,
    any_origin: bool,
    origins: Vec<String>,
}

impl Doorkeeper {
    /// From the settings and the address really listened on.
    pub(super) fn new(settings: &HttpSettings, listen: SocketAddr) -> Result<Self, NotAHost> {
        let listen = listen.ip().to_canonical();
        let own = (!listen.is_unspecified())
            .then_some(Authority { name: Name::Address(listen), port: None });
        let mut hosts = Vec::from_iter(own);
        for text in settings.allowed_hosts.iter().filter(|text| *text != "*") {
            hosts.push(Authority::parse(text).ok_or_else(|| NotAHost(text.clone()))?);
        }
        Ok(Self {
            any_host: settings.allowed_hosts.iter().any(|host| host == "*"),
            hosts,
            any_origin: settings.allowed_origins.iter().any(|origin| origin == "*"),
            origins: settings
                .allowed_origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                .collect(),
        })
    }

    /// Decides about one request; `host` is `None` only for HTTP/1.0, which knows no such header.
    pub(super) fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Foreign> {
        if let Some(host) = host {
            let host = Authority::parse(host).ok_or(Foreign::NoHost)?;
            if !self.any_host && !self.knows(&host) {
                return Err(Foreign::Host);
            }
        }
        match origin {
            Some(origin) if !self.admits_origin(origin, host) => Err(Foreign::Origin),
            _ => Ok(()),
        }
    }

    fn knows(&self, host: &Authority) -> bool {
        host.name.is_loopback() || self.hosts.iter().any(|rule| rule.admits(host))
    }

    /// Loopback pages, configured origins, and our own pages under a host we know by name.
    fn admits_origin(&self, origin: &str, host: Option<&str>) -> bool {
        if self.any_origin || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let Some(text) = ["http://", "https://"].iter().find_map(|http| origin.strip_prefix(http))
        else {
            return false;
        };
        Authority::parse(text).is_some_and(|page| {
            page.name.is_loopback()
                || (self.knows(&page) && host.is_some_and(|host| host.eq_ignore_ascii_case(text)))
        })
    }
}

#[cfg(test)]
#[path = "host/tests.rs"]
mod tests;
