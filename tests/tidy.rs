//! The house rules a machine can check, over every Rust file of the repository.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

/// No file is longer.
const LINES: usize = 400;
/// No actor hears more kinds of messages.
const VARIANTS: usize = 10;

struct File {
    /// Relative to the repository, with slashes.
    path: String,
    text: String,
}

impl File {
    /// The text up to its tests, without comments.
    fn product(&self) -> String {
        let text = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
        text.lines().map(code).collect::<Vec<_>>().join("\n")
    }

    fn is_product(&self) -> bool {
        let named = self.path.starts_with("src/") || self.path.starts_with("actors/src/");
        named && !self.path.ends_with("/tests.rs")
    }
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> =
        ["src", "actors", "tests", "benches"].map(|name| root.join(name)).into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

/// Asserts that a rule finds nothing to complain of, and lists everything it finds.
fn hold(rule: &str, complaint: impl Fn(&File) -> Vec<String>) {
    let told = |file: &File| {
        complaint(file).into_iter().map(|what| format!("{}: {what}", file.path)).collect::<Vec<_>>()
    };
    let all: Vec<String> = files().iter().flat_map(told).collect();
    assert!(all.is_empty(), "{rule}\n{}", all.join("\n"));
}

/// Which of these words a text has.
fn found(text: &str, words: &[&str]) -> Vec<String> {
    words.iter().filter(|word| text.contains(**word)).map(|word| (*word).to_owned()).collect()
}

#[test]
fn no_file_is_too_long() {
    hold("split it", |file| {
        let lines = file.text.lines().count();
        (lines > LINES).then(|| format!("{lines} lines")).into_iter().collect()
    });
}

#[test]
fn every_file_begins_with_its_documentation() {
    hold("say first what it is for, in `//!`", |file| {
        let told = file.text.starts_with("//! ");
        (!told).then(|| "does not begin with `//! `".to_owned()).into_iter().collect()
    });
}

#[test]
fn modules_are_named_after_what_is_in_them() {
    hold("name the noun; `foo.rs` and `foo/`, not `foo/mod.rs`", |file| {
        let parts = file.path.trim_end_matches(".rs").split('/');
        let vague = |part: &&str| {
            ["mod", "util", "utils", "common", "helper", "helpers", "misc"].contains(part)
        };
        parts.filter(vague).map(str::to_owned).collect()
    });
}

#[test]
fn nothing_is_left_to_do() {
    // in two parts, so that they are not found here
    let words = [["TO", "DO"], ["FIX", "ME"], ["X", "XX"], ["to", "do!("], ["unimple", "mented!("]]
        .map(|parts| parts.concat());
    hold("finish it or leave it out", |file| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        found(&file.text, &words)
    });
}

#[test]
fn nothing_needs_unsafe_code() {
    let word = ["un", "safe"].concat();
    hold("find a safe way, or a crate that has one", |file| {
        let words = [format!("{word} {{"), format!("{word} fn"), format!("allow({word}_code)")];
        found(&file.text, &words.each_ref().map(String::as_str))
    });
}

#[test]
fn the_product_names_no_place_of_one_machine() {
    hold("take it from the configuration", |file| {
        let places = ["\"/work", "\"/root", "\"/home", "\"/tmp", "\"/usr", "C:\\\\"];
        if file.is_product() { found(&file.product(), &places) } else { Vec::new() }
    });
}

#[test]
fn actors_leave_no_task_behind_and_read_no_clock_but_tokios() {
    let words = [
        "tokio::spawn",
        "send_interval",
        "where_is",
        "std::time::Instant",
        "SystemTime::now",
        "thread::sleep",
        "OutputPort",
        "println!",
    ];
    hold("tasks belong to somebody, addresses are handed over, time can be paused", |file| {
        let actors = file.path.starts_with("actors/src/") && file.is_product();
        // what happened is dated for people, by the clock they have
        let dated =
            ["fleet/frame.rs", "timeline/event.rs", "observation/observed.rs", "session/usage.rs"];
        let dated = dated.iter().any(|dated| file.path == format!("actors/src/{dated}"));
        if actors && !dated { found(&file.product(), &words) } else { Vec::new() }
    });
}

#[test]
fn the_runtime_knows_neither_http_nor_files_nor_processes() {
    let words = ["axum", "hyper", "reqwest", "std::fs", "tokio::fs", "std::process", "tokio::net"];
    hold("that is for the edges", |file| {
        let actors = file.path.starts_with("actors/src/") && file.is_product();
        if actors { found(&file.product(), &words) } else { Vec::new() }
    });
}

#[test]
fn no_actor_hears_more_kinds_of_messages_than_one_can_keep_in_mind() {
    hold("split the actor", |file| {
        let code = file.product();
        let Some((_, body)) = code.split_once("pub enum Message {\n") else { return Vec::new() };
        let body = body.split("\n}").next().unwrap_or_default();
        let starts = |line: &&str| {
            line.strip_prefix("    ").is_some_and(|rest| rest.starts_with(char::is_uppercase))
        };
        let variants = body.lines().filter(starts).count();
        (variants > VARIANTS).then(|| format!("{variants} messages")).into_iter().collect()
    });
}
