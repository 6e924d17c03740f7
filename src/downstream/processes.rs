//! The processes of this machine, from `/proc`: whose they are and what they use.
//!
//! A [`Census`] reads each process once, so that what is known of a hundred servers costs no more than
//! what is known of one. It is taken by whoever may wait ([`look`], [`looked`]) and read by everybody.
//! Elsewhere than on Linux nothing is known.
//!
//! *Invariant:* a process that ends while it is read is as if it were not there; nothing here fails.

use mcpvisor_actors::mutex::lock;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How old a census may be.
const AGE: Duration = Duration::from_secs(1);

/// What the processes of one server use together: the one we started, its group and all they started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// How many there are.
    pub(crate) processes: usize,
    /// Memory that is in RAM, in bytes; what they share counts for each.
    pub(crate) resident: u64,
    /// Processor time they used so far, with that of processes of theirs that ended.
    pub(crate) processor: Duration,
    /// Files, sockets and pipes they have open, as far as we may look.
    pub(crate) descriptors: Option<usize>,
}

/// The last census.
static LAST: Mutex<Option<Arc<Census>>> = Mutex::new(None);
/// Held while one is taken.
static TAKING: Mutex<()> = Mutex::new(());

/// Looks at all processes, unless that was done within the last second. Blocks.
pub(crate) fn look() {
    let _one_at_a_time = lock(&TAKING);
    if !is_fresh() {
        let census = Census::take(std::process::id()).map(Arc::new);
        *lock(&LAST) = census;
    }
}

/// The same, off the threads of the runtime.
pub(crate) async fn looked() {
    if !is_fresh() {
        let _shutting_down = tokio::task::spawn_blocking(look).await;
    }
}

/// What the processes of this server used when somebody looked last; `process` is the one we started.
/// Never waits.
pub(crate) fn usage(process: u32) -> Option<Usage> {
    last()?.usage(process)
}

fn last() -> Option<Arc<Census>> {
    lock(&LAST).clone()
}

fn is_fresh() -> bool {
    last().is_some_and(|census| census.at.elapsed() < AGE)
}

/// The processes that were there at a moment.
#[derive(Debug)]
struct Census {
    at: Instant,
    stats: HashMap<u32, Stat>,
    children: HashMap<u32, Vec<u32>>,
    groups: HashMap<u32, Vec<u32>>,
    /// What those below us have open.
    open: HashMap<u32, usize>,
}

impl Census {
    fn take(own: u32) -> Option<Self> {
        let mut census = Self::of(all()?);
        let below = census.below(own).into_iter();
        census.open = below.filter_map(|one| Some((one, descriptors(one)?))).collect();
        Some(census)
    }

    fn of(stats: impl Iterator<Item = (u32, Stat)>) -> Self {
        let mut census = Self {
            at: Instant::now(),
            stats: HashMap::new(),
            children: HashMap::new(),
            groups: HashMap::new(),
            open: HashMap::new(),
        };
        for (process, stat) in stats.filter(|(_, stat)| !stat.is_dead()) {
            census.children.entry(stat.parent).or_default().push(process);
            census.groups.entry(stat.group).or_default().push(process);
            census.stats.insert(process, stat);
        }
        census
    }

    /// The process, those of its group, and all they started, each once.
    fn tree(&self, process: u32) -> HashSet<u32> {
        let mut found = HashSet::new();
        let mut next: Vec<u32> = self.groups.get(&process).cloned().unwrap_or_default();
        next.push(process);
        while let Some(one) = next.pop() {
            if self.stats.contains_key(&one) && found.insert(one) {
                next.extend(self.children.get(&one).into_iter().flatten());
            }
        }
        found
    }

    /// This process, all it started, and the groups they lead.
    fn below(&self, own: u32) -> HashSet<u32> {
        let (mut found, mut next) = (HashSet::new(), vec![own]);
        while let Some(one) = next.pop() {
            if found.insert(one) {
                let of_it = [self.children.get(&one), self.groups.get(&one)];
                next.extend(of_it.into_iter().flatten().flatten());
            }
        }
        found
    }

    fn usage(&self, process: u32) -> Option<Usage> {
        let tree = self.tree(process);
        let stats = || tree.iter().filter_map(|process| self.stats.get(process));
        let open = tree.iter().filter_map(|process| self.open.get(process).copied());
        (!tree.is_empty()).then(|| Usage {
            processes: tree.len(),
            resident: stats().map(|stat| stat.resident).sum(),
            processor: span(stats().map(|stat| stat.used + stat.used_by_ended).sum()),
            descriptors: open.reduce(|sum, count| sum + count),
        })
    }
}

/// One process, as its `stat` line has it.
///
/// Source: `proc_pid_stat(5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// `R`, `S`, `T`, `Z` …
    pub(super) state: u8,
    /// Who started it.
    pub(super) parent: u32,
    /// Its process group.
    pub(super) group: u32,
    /// User and system time, in clock ticks.
    pub(super) used: u64,
    /// The same of its children that ended and were waited for.
    pub(super) used_by_ended: u64,
    /// Memory that is in RAM, in bytes.
    pub(super) resident: u64,
}

impl Stat {
    fn read(line: &str) -> Option<Self> {
        // the name, in brackets, may hold anything; the third field follows it
        let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').take(22).collect();
        let number = |field: usize| fields.get(field - 3)?.trim_end().parse::<u64>().ok();
        let id = |field| u32::try_from(number(field)?).ok();
        Some(Self {
            state: *fields.first()?.as_bytes().first()?,
            parent: id(4)?,
            group: id(5)?,
            used: number(14)?.saturating_add(number(15)?),
            used_by_ended: number(16)?.saturating_add(number(17)?),
            resident: number(24)?.saturating_mul(page()),
        })
    }

    /// It has ended, and only its exit status is left.
    const fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// All processes of this machine, as far as they can be read.
pub(super) fn all() -> Option<impl Iterator<Item = (u32, Stat)>> {
    let entries = std::fs::read_dir("/proc").ok().filter(|_| cfg!(target_os = "linux"))?;
    Some(entries.flatten().filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("stat")).ok()?;
        Some((process, Stat::read(&String::from_utf8_lossy(&line))?))
    }))
}

/// Clock ticks as time.
pub(super) fn span(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(1000) / per_second().max(1))
}

fn descriptors(process: u32) -> Option<usize> {
    let folder = Path::new("/proc").join(process.to_string()).join("fd");
    std::fs::read_dir(folder).ok().map(Iterator::count)
}

#[cfg(unix)]
fn per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

#[cfg(unix)]
fn page() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(not(unix))]
const fn per_second() -> u64 {
    100
}

#[cfg(not(unix))]
const fn page() -> u64 {
    4096
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, state: char, parent: u32, group: u32) -> String {
        format!(
            "7 ({name}) {state} {parent} {group} 7 0 -1 4194560 1 2 3 4 250 50 9 8 20 0 1 0 77 9999 3 1"
        )
    }

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let stat = Stat::read(&line("a) b", 'T', 1, 42)).expect("a line");
        let expected = Stat {
            state: b'T',
            parent: 1,
            group: 42,
            used: 300,
            used_by_ended: 17,
            resident: 3 * page(),
        };
        assert_eq!(stat, expected);
        assert_eq!(Stat::read("7 (a"), None);
        assert_eq!(Stat::read("7 (a) T 1 42 7"), None);
    }

    #[test]
    fn a_tree_is_the_group_and_all_that_was_started_by_it() {
        let stat = |parent, group| Stat::read(&line("p", 'S', parent, group)).expect("a line");
        let dead = Stat::read(&line("p", 'Z', 10, 10)).expect("a line");
        let census = Census::of(
            [
                (10, stat(1, 10)),
                (11, stat(10, 10)),
                // a daemon that left its parent but not its group, and one that left its group alone
                (12, stat(1, 10)),
                (13, stat(11, 13)),
                (14, stat(13, 13)),
                (15, dead),
                (20, stat(1, 20)),
            ]
            .into_iter(),
        );
        assert_eq!(census.tree(10), HashSet::from([10, 11, 12, 13, 14]));
        assert_eq!(census.tree(20), HashSet::from([20]));
        assert_eq!(census.below(10), census.tree(10));
        assert!(census.below(1).is_superset(&HashSet::from([12, 14, 20])));
        assert!(census.tree(99).is_empty() && census.usage(99).is_none());
    }

    #[test]
    fn what_is_known_is_read_without_looking_at_the_system() {
        let ours = Stat::read(&line("p", 'S', 1, 10)).expect("a line");
        let mut census = Census::of([(10, ours), (11, ours)].into_iter());
        assert_eq!(census.usage(10).expect("known").descriptors, None);
        census.open.extend([(10, 3), (11, 4)]);
        assert_eq!(census.usage(10).expect("known").descriptors, Some(7));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_process_uses_something() {
        look();
        let usage = usage(std::process::id()).expect("we run");
        assert!(usage.processes >= 1 && usage.resident > 0, "{usage:?}");
        assert!(usage.descriptors.is_some_and(|count| count > 2), "{usage:?}");
    }
}
