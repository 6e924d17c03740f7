//! Timelines in files: one a server under `timeline/`, one fact a line.
//!
//! A file that grew to [`LIMIT`] becomes `NAME.jsonl.1`, in place of the one before it; of that one,
//! what matters is carried over, so that a chatty server does not lose its story. Several processes may
//! share the folder: a lock is held while a file changes, and facts are sorted by time when read. Never
//! waits for the disk to have it: a killed process loses nothing that was appended, a power cut may.
//!
//! *Invariant:* a line is written whole or, after a crash, torn; a torn one is left out when read and
//! never joined to the next.

use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::{Event, TimelineStore};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// A file that would grow above it is rotated, in bytes.
const LIMIT: u64 = 256 * 1024;
/// Of what matters, so much is carried over, in bytes.
const CARRIED: usize = 64 * 1024;
/// How often a lock that somebody holds is tried for, and the time between: together a fifth of a
/// second.
const TRIES: u32 = 40;
const BETWEEN: Duration = Duration::from_millis(5);

/// Timelines in files.
#[derive(Debug)]
pub struct TimelineFiles {
    folder: PathBuf,
}

impl TimelineFiles {
    /// Uses `state_dir`, which need not exist before something is to be kept.
    pub fn new(state_dir: &Path) -> Self {
        Self { folder: state_dir.join("timeline") }
    }

    /// The present file, and the one before it.
    fn files(&self, server: &ServerName) -> [PathBuf; 2] {
        let name = file_name(server.as_str());
        [format!("{name}.jsonl"), format!("{name}.jsonl.1")].map(|name| self.folder.join(name))
    }

    fn write(&self, server: &ServerName, events: &[Event]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let _until_return = self.lock()?;
        let [now, before] = self.files(server);
        let text = lines(events)?;
        let length = fs::metadata(&now).map_or(0, |file| file.len());
        if length > 0 && length + text.len() as u64 > LIMIT {
            let carried = carried(&fs::read(&before).unwrap_or_default());
            fs::rename(&now, &before)?;
            append(&now, &carried)?;
        }
        append(&now, &text)
    }

    /// Keeps other writers out until it is dropped. Where files cannot be locked there is no lock:
    /// lines appended at once stay whole there, too, in practice.
    fn lock(&self) -> io::Result<File> {
        let file = open(&self.folder.join(".lock"))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN),
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            }
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps the folder locked"))
    }
}

impl TimelineStore for TimelineFiles {
    fn load(&self, server: &ServerName) -> Vec<Event> {
        let [now, before] = self.files(server);
        let mut events: Vec<Event> = [before, now]
            .iter()
            .filter_map(|file| fs::read(file).ok())
            .flat_map(|text| read(&text).map(|(_, event)| event).collect::<Vec<_>>())
            .collect();
        events.sort_by_key(|event| event.at);
        events
    }

    fn append(&self, server: &ServerName, events: &[Event]) -> io::Result<()> {
        self.write(server, events).map_err(|error| {
            let file = &self.files(server)[0];
            io::Error::new(error.kind(), format!("{}: {error}", file.display()))
        })
    }
}

/// A server's name as it can be a file's; names as they are configured need no change.
fn file_name(server: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let spelled =
        |byte: u8| if safe(byte) { char::from(byte).into() } else { format!("%{byte:02x}") };
    server.bytes().map(spelled).collect()
}

fn lines(events: &[Event]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(events.len() * 128);
    for event in events {
        serde_json::to_writer(&mut text, event)?;
        text.push(b'\n');
    }
    Ok(text)
}

/// The facts of a file, each with its line, without what is none.
fn read(text: &[u8]) -> impl DoubleEndedIterator<Item = (&[u8], Event)> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok().map(|event| (line, event)))
}

/// The last lines of what matters.
fn carried(text: &[u8]) -> Vec<u8> {
    let mut left = CARRIED;
    let mut lines: Vec<&[u8]> = read(text)
        .rev()
        .filter(|(_, event)| event.kind.matters())
        .map(|(line, _)| line)
        .take_while(|line| left.checked_sub(line.len() + 1).map(|rest| left = rest).is_some())
        .collect();
    lines.reverse();
    lines.into_iter().flat_map(|line| [line, b"\n"]).flatten().copied().collect()
}

/// Appends whole lines: all of them or, as far as can be helped, none.
fn append(file: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = open(file)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let torn: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
    let written = file.write_all(&[torn, lines].concat());
    if written.is_err() {
        let _best_effort = file.set_len(length);
    }
    written
}

/// Opens a file nobody else may read, making it if need be.
fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
