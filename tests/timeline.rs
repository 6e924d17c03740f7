//! What happened to a server is still known after a restart, a crash or a full disk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use mcpvisor::state::TimelineFiles;
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::{Arguments, Event, EventKind, Recorder, TimelineStore, Timelines};
use ractor::Actor;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const LIMIT: u64 = 256 * 1024;

fn event(n: u64, kind: EventKind) -> Event {
    Event { at: SystemTime::UNIX_EPOCH + Duration::from_millis(n), generation: Some(n), kind }
}

fn verdict(n: u64) -> Event {
    event(n, EventKind::Verdict { text: format!("verdict {n}\nin two lines") })
}

fn noise(n: u64) -> Event {
    event(n, EventKind::Noise { count: n, excerpt: "x".repeat(200) })
}

fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().filter_map(|event| event.generation).collect()
}

struct Fixture {
    folder: TempDir,
    git: ServerName,
    files: TimelineFiles,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = TimelineFiles::new(folder.path());
        Self { folder, git: ServerName::new("git"), files }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("timeline").join(name)
    }

    fn load(&self) -> Vec<Event> {
        self.files.load(&self.git)
    }

    fn append(&self, events: &[Event]) {
        self.files.append(&self.git, events).unwrap();
    }
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

#[test]
fn what_was_appended_is_loaded_by_the_next_process() {
    let fixture = Fixture::new();
    assert!(fixture.load().is_empty(), "nothing, and nothing is made");
    assert!(!fixture.file("").exists());
    fixture.append(&[verdict(1), noise(2)]);
    fixture.append(&[verdict(3)]);
    let next = TimelineFiles::new(fixture.folder.path());
    assert_eq!(next.load(&fixture.git), [verdict(1), noise(2), verdict(3)]);
    assert!(next.load(&ServerName::new("files")).is_empty());
    let text = fs::read_to_string(fixture.file("git.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 3, "a fact a line: {text}");
}

#[tokio::test]
async fn a_restarted_gateway_shows_the_last_run_and_then_its_own() {
    let fixture = Fixture::new();
    for run in 0..3 {
        let timelines = Timelines::of([fixture.git.clone()]);
        let store = Arc::new(TimelineFiles::new(fixture.folder.path()));
        let arguments = Arguments { timelines: timelines.clone(), store };
        let (recorder, _task) = Actor::spawn(None, Recorder, arguments).await.unwrap();
        timelines.put(&fixture.git, verdict(run));
        recorder.stop_and_wait(None, None).await.unwrap();
        let expected: Vec<u64> = (0..=run).collect();
        assert_eq!(numbers(&timelines.get(&fixture.git, 500)), expected);
    }
    assert_eq!(numbers(&fixture.load()), [0, 1, 2]);
}

#[test]
fn a_torn_line_costs_itself_only() {
    let fixture = Fixture::new();
    fixture.append(&[verdict(1), verdict(2)]);
    let file = fixture.file("git.jsonl");
    let whole = size(&file);
    fs::File::options().write(true).open(&file).unwrap().set_len(whole - 7).unwrap();
    assert_eq!(fixture.load(), [verdict(1)]);
    fixture.append(&[verdict(3)]);
    assert_eq!(fixture.load(), [verdict(1), verdict(3)], "not joined to the torn one");
    let mut file = fs::File::options().append(true).open(&file).unwrap();
    file.write_all(b"\xff\xfe not ours\n\n{\"atMs\":5,\"event\":\"of_the_future\"}\n").unwrap();
    fixture.append(&[verdict(4)]);
    assert_eq!(numbers(&fixture.load()), [1, 3, 4]);
}

#[test]
fn files_are_bounded_and_what_matters_outlives_the_chatter() {
    let fixture = Fixture::new();
    let early: Vec<Event> = (0..100).map(verdict).collect();
    fixture.append(&early);
    for batch in 0..200_u64 {
        let chatter: Vec<Event> = (0..20).map(|n| noise(1_000 + batch * 20 + n)).collect();
        fixture.append(&chatter);
        let sizes = ["git.jsonl", "git.jsonl.1"].map(|name| size(&fixture.file(name)));
        assert!(sizes.iter().all(|&size| size <= LIMIT), "{sizes:?}");
    }
    let kept = fixture.load();
    assert_eq!(numbers(&kept)[..100], (0..100).collect::<Vec<_>>());
    assert_eq!(numbers(&kept).last(), Some(&4_999));
    assert!(kept.len() > 600, "{} are few for two files", kept.len());
}

#[test]
fn when_all_matters_the_latest_is_kept() {
    let fixture = Fixture::new();
    for batch in 0..400 {
        fixture.append(&(0..20).map(|n| verdict(batch * 20 + n)).collect::<Vec<_>>());
    }
    let kept = numbers(&fixture.load());
    assert!(kept.len() > 2_000, "{} are few for two files", kept.len());
    let mut once = kept.clone();
    once.dedup();
    assert_eq!(kept, once, "what is carried over is not there twice");
    assert_eq!(kept.last(), Some(&7_999));
}

#[test]
fn two_gateways_in_one_folder_do_not_break_each_others_lines() {
    let fixture = Fixture::new();
    std::thread::scope(|threads| {
        for gateway in 0..2_u64 {
            let (folder, git) = (fixture.folder.path(), &fixture.git);
            threads.spawn(move || {
                let files = TimelineFiles::new(folder);
                for n in 0..200 {
                    let events = [verdict(2 * n + gateway), noise(10_000)];
                    // a lock that is not had in time is no loss: the recorder comes again
                    while files.append(git, &events).is_err() {}
                }
            });
        }
    });
    let text =
        ["git.jsonl.1", "git.jsonl"].map(|name| fs::read(fixture.file(name)).unwrap_or_default());
    let text = String::from_utf8(text.concat()).unwrap();
    for line in text.lines() {
        assert!(serde_json::from_str::<Event>(line).is_ok(), "broken: {line}");
    }
    let mut verdicts = numbers(&fixture.load());
    verdicts.retain(|&n| n < 10_000);
    assert_eq!(verdicts, (0..400).collect::<Vec<_>>(), "in order, none lost, none twice");
}

#[test]
fn a_server_is_never_a_path() {
    let fixture = Fixture::new();
    for name in ["../escape", "a/b", "..", "a b", "ä", "Git_-9"] {
        let server = ServerName::new(name);
        fixture.files.append(&server, &[verdict(1)]).unwrap();
        assert_eq!(fixture.files.load(&server), [verdict(1)]);
    }
    let outside: Vec<_> = fs::read_dir(fixture.folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "only `timeline`");
    assert!(fixture.file("Git_-9.jsonl").exists(), "good names are spelled as they are");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    (0..4_000)
        .step_by(500)
        .for_each(|n| fixture.append(&(n..n + 500).map(noise).collect::<Vec<_>>()));
    for name in ["git.jsonl", "git.jsonl.1", ".lock"] {
        let mode = fs::metadata(fixture.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_the_disk_only() {
    let fixture = Fixture::new();
    // a file in its place: refused to root, too
    fs::write(fixture.folder.path().join("timeline"), "in the way").unwrap();
    let timelines = Timelines::of([fixture.git.clone()]);
    let store = Arc::new(TimelineFiles::new(fixture.folder.path()));
    let arguments = Arguments { timelines: timelines.clone(), store: store.clone() };
    let (recorder, _task) = Actor::spawn(None, Recorder, arguments).await.unwrap();
    timelines.put(&fixture.git, verdict(1));
    let error = timelines.save(&*store).unwrap_err().to_string();
    assert!(error.contains("git.jsonl"), "it says which file: {error}");
    fs::remove_file(fixture.folder.path().join("timeline")).unwrap();
    timelines.put(&fixture.git, verdict(2));
    recorder.stop_and_wait(None, None).await.unwrap();
    assert_eq!(numbers(&timelines.get(&fixture.git, 500)), [1, 2]);
    assert_eq!(numbers(&fixture.load()), [1, 2], "nothing is lost once it can be written");
}

#[test]
fn a_file_that_is_locked_by_another_process_is_not_waited_for_long() {
    let fixture = Fixture::new();
    fixture.append(&[verdict(1)]);
    let lock = fs::File::open(fixture.file(".lock")).unwrap();
    lock.lock().unwrap();
    let began = std::time::Instant::now();
    assert!(fixture.files.append(&fixture.git, &[verdict(2)]).is_err());
    assert!(began.elapsed() < Duration::from_secs(10));
    lock.unlock().unwrap();
    fixture.append(&[verdict(2)]);
    assert_eq!(numbers(&fixture.load()), [1, 2]);
}
