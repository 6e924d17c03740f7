//! Processes seen from outside, by `/proc`: who descends from whom, who runs, who takes how much.
//!
//! *Invariant:* a process is told from a later one with the same id by its start time.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// A process that ran when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    id: u32,
    born: String,
    pub(crate) command: String,
}

impl Process {
    pub(crate) fn of(id: u32) -> Self {
        Self::find(id).unwrap_or_else(|| panic!("process {id} does not run"))
    }

    fn find(id: u32) -> Option<Self> {
        let born = stat(id)?.get(19)?.clone();
        let command = fs::read_to_string(format!("/proc/{id}/cmdline")).ok()?.replace('\0', " ");
        Some(Self { id, born, command })
    }

    /// Whether it still runs; one that ended and waits to be reaped does not.
    pub(crate) fn runs(&self) -> bool {
        stat(self.id).is_some_and(|stat| stat[0] != "Z" && stat[0] != "X" && stat[19] == self.born)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        stat(self.id).is_some_and(|stat| stat[0] == "T")
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        assert!(self.runs(), "{} runs", self.command);
        let id = Pid::from_raw(i32::try_from(self.id).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// What `killall` and `pkill` know it by.
    pub(crate) fn name(&self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.id)).unwrap().trim_end().to_owned()
    }

    /// How many descriptors it can have before its table has to grow.
    pub(crate) fn room_for_descriptors(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        line.trim().parse().unwrap()
    }

    /// Memory in use, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// All that descends from a process at this moment, itself first.
pub(crate) fn family(of: &Process) -> Vec<Process> {
    let everybody: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, stat(id)?[1].parse().ok()?)))
        .collect();
    let mut ids = vec![of.id];
    let mut next = 0;
    while let Some(&parent) = ids.get(next) {
        ids.extend(everybody.iter().filter(|(_, it)| *it == parent).map(|(id, _)| *id));
        next += 1;
    }
    ids.into_iter().filter_map(Process::find).collect()
}

/// The fields of `/proc/ID/stat` from the state on.
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}
