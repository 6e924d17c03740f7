//! That no fault is forgotten: what `mcpvisor simulate --help` lists is played on every transport
//! where it makes sense.

use crate::row::{ALL, OVER_HTTP, Row, STDIO};
use crate::server::Transport;
use crate::{answering, crowd, dying, late, listing, quality, silent, spelling, statuses, storms};
use std::process::Command;

const FAMILIES: &[&[Row]] = &[
    answering::ROWS,
    crowd::ROWS,
    dying::ROWS,
    late::MUTE,
    late::ROWS,
    listing::ROWS,
    quality::ROWS,
    silent::ROWS,
    spelling::ROWS,
    statuses::ROWS,
    storms::FASTEST,
    storms::ROWS,
];

/// Where not every transport makes sense, and why.
const LIMITED: &[(&str, &[Transport])] = &[
    // stdin, signals and the process group are a matter of the gateway's own children
    ("ignore-term", STDIO),
    ("grandchild", STDIO),
    // nobody but its parent reads it
    ("flood-stderr", STDIO),
    // statuses and sockets
    ("status", OVER_HTTP),
    ("retry-after", OVER_HTTP),
    ("status-for", OVER_HTTP),
    ("refuse", OVER_HTTP),
    ("session-loss", OVER_HTTP),
];

/// Commands of the control port that are no faults, or spell another way what a flag does.
const NO_FAULTS: &[&str] = &[
    "set",
    "clear",
    "status",
    "listen",
    "quit",
    "add-prompt",
    "add-resource",
    "remove-resource",
    "update",
    "end-listens",
];

#[test]
fn every_fault_is_played_on_every_transport_where_it_makes_sense() {
    let help = Command::new(env!("CARGO_BIN_EXE_mcpvisor")).args(["simulate", "--help"]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let faults: Vec<&str> = flags(&help).chain(commands(&help)).collect();
    assert!(faults.len() > 45, "{faults:?}");
    for fault in faults {
        let limited = LIMITED.iter().find(|(name, _)| *name == fault);
        for transport in limited.map_or(ALL, |(_, transports)| transports) {
            let fits = |row: &&Row| row.faults.contains(&fault) && row.on.contains(transport);
            let played = FAMILIES.iter().copied().flatten().any(|row| fits(&row));
            assert!(played, "no row plays `{fault}` on {}", transport.word());
        }
    }
}

fn flags(help: &str) -> impl Iterator<Item = &str> {
    let faults = help.split("\nFaults (").nth(1).unwrap().split("\nThe control port").next();
    let flags = faults.unwrap().lines().filter_map(|line| line.trim().strip_prefix("--"));
    flags.filter_map(|flag| flag.split(' ').next())
}

fn commands(help: &str) -> impl Iterator<Item = &str> {
    let table = help.split("The control port").nth(1).unwrap().split("\n\n").next().unwrap();
    let lines = table.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.map(|line| line.trim().split("   ").next().unwrap());
    let words =
        names.flat_map(|names| names.split(" · ")).filter_map(|name| name.split(' ').next());
    words.filter(|word| !NO_FAULTS.contains(word))
}
