//! Names under which tools are shown.

use std::borrow::Cow;

/// Longest name. Source: MCP 2025-11-25 "Tools", tool names (SEP-986).
const MAX_LEN: usize = 128;

/// The name of the gateway's own tool. It is reserved, also in a gateway that does not show the tool,
/// so that it never comes to mean another one.
pub const STATUS_TOOL: &str = "mcpvisor.status";

/// How names are made unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NamingStrategy {
    /// `server`, separator, `tool`.
    #[default]
    Prefix,
    /// `tool`; where servers share a name, each of them gets `tool_server`.
    Flat,
}

/// The naming rule of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// The strategy.
    pub strategy: NamingStrategy,
    /// Between server and tool with [`NamingStrategy::Prefix`].
    pub separator: String,
}

impl Default for Naming {
    fn default() -> Self {
        Self { strategy: NamingStrategy::Prefix, separator: ".".into() }
    }
}

impl Naming {
    /// The name wanted for a tool, before collisions are looked at.
    pub fn wanted(&self, server: &str, tool: &str) -> String {
        match self.strategy {
            NamingStrategy::Prefix => fit(&format!("{server}{}{tool}", self.separator)),
            NamingStrategy::Flat => fit(tool),
        }
    }

    /// How names begin that can only mean a tool of this server.
    pub(crate) fn prefixes(&self, server: &str) -> Vec<String> {
        let aliased = format!("{server}__");
        match self.strategy {
            NamingStrategy::Prefix => vec![aliased, format!("{server}{}", self.separator)],
            NamingStrategy::Flat => vec![aliased],
        }
    }

    /// The name of a tool whose wanted name others want too. It depends on the tool and its server
    /// alone, so that a name never comes to mean another tool because a server came or went.
    pub fn renamed(&self, server: &str, tool: &str) -> String {
        match self.strategy {
            NamingStrategy::Flat => fit(&format!("{tool}_{server}")),
            NamingStrategy::Prefix => with_hash(&self.wanted(server, tool), &[server, tool]),
        }
    }
}

/// The alias every tool is also called by.
pub(super) fn alias(server: &str, tool: &str) -> String {
    fit(&format!("{server}__{tool}"))
}

/// `base` with a hash of what it stands for: the last resort, always unique in practice.
pub(super) fn with_hash(base: &str, of: &[&str]) -> String {
    let hash = format!("_{:08x}", hash(of));
    let keep = base.len().min(MAX_LEN - hash.len());
    format!("{}{hash}", &base[..keep])
}

/// FNV-1a, folded; the same in every build, because people write names down.
fn hash(parts: &[&str]) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).unwrap_or_default()
}

/// Makes a name fit the spec's set `[A-Za-z0-9_./-]` and length.
fn fit(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let clean: Cow<'_, str> = if name.chars().all(legal) {
        Cow::Borrowed(name)
    } else {
        name.chars().map(|c| if legal(c) { c } else { '_' }).collect()
    };
    match clean.len() {
        0 => "_".to_owned(),
        1..=MAX_LEN => clean.into_owned(),
        _ => with_hash(&clean, &[name]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_spec_whatever_the_server_says() {
        let naming = Naming::default();
        assert_eq!(naming.wanted("git", "log"), "git.log");
        assert_eq!(naming.wanted("git", "lög now"), "git.l_g_now");
        let long = naming.wanted("git", &"x".repeat(300));
        assert_eq!(long.len(), MAX_LEN);
        assert_eq!(long, naming.wanted("git", &"x".repeat(300)), "the same every time");
        assert_ne!(long, naming.wanted("git", &"x".repeat(301)));
        let flat = Naming { strategy: NamingStrategy::Flat, ..naming };
        assert_eq!(flat.wanted("git", ""), "_");
    }

    #[test]
    fn a_hash_is_the_same_in_every_build() {
        assert_eq!(with_hash("a", &["git", "log"]), FIXED);
        assert_ne!(with_hash("a", &["gi", "tlog"]), FIXED);
    }

    const FIXED: &str = "a_3fdf4df9";
}
