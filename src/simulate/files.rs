//! What the simulated server writes down for the test that started it.

use super::settings::Settings;
use axum::http::{HeaderMap, HeaderValue};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The files named by the flags. Several processes may append to one file: a line is one write.
#[derive(Debug)]
pub(super) struct Files {
    log: Option<File>,
    record: Option<File>,
    headers: Option<File>,
}

/// A file named by a flag cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {cause}; give a path in an existing, writable folder", path.display())]
pub(super) struct FileError {
    path: PathBuf,
    #[source]
    cause: std::io::Error,
}

impl Files {
    /// Opens what is asked for and writes the pid file.
    pub(super) fn open(settings: &Settings) -> Result<Self, FileError> {
        if let Some(path) = &settings.pid_file {
            write(path, &std::process::id().to_string())?;
        }
        let append = |path: &Option<PathBuf>| path.as_deref().map(open_to_append).transpose();
        Ok(Self {
            log: append(&settings.log)?,
            record: append(&settings.record)?,
            headers: append(&settings.record_headers)?,
        })
    }

    /// Notes an executed call, or a violation.
    pub(super) fn log(&self, what: &str) {
        append(self.log.as_ref(), format!("{} {what}\n", std::process::id()).as_bytes());
    }

    /// Notes a received line, its line break included.
    pub(super) fn record(&self, line: &[u8]) {
        append(self.record.as_ref(), line);
    }

    /// Notes the headers of a request.
    pub(super) fn record_headers(&self, headers: &HeaderMap) {
        if self.headers.is_some() {
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let all: BTreeMap<_, _> =
                headers.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            append(self.headers.as_ref(), format!("{}\n", serde_json::json!(all)).as_bytes());
        }
    }

    /// Notes a received body on a line of its own.
    pub(super) fn record_body(&self, body: &[u8]) {
        if self.record.is_some() {
            self.record(&[body, b"\n"].concat());
        }
    }
}

/// Writes a small file.
pub(super) fn write(path: &Path, text: &str) -> Result<(), FileError> {
    std::fs::write(path, text).map_err(|cause| FileError { path: path.to_owned(), cause })
}

fn open_to_append(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|cause| FileError { path: path.to_owned(), cause })
}

/// A line that cannot be written would make a test draw a wrong conclusion: better no server.
fn append(file: Option<&File>, line: &[u8]) {
    if let Some(mut file) = file
        && let Err(error) = file.write_all(line)
    {
        super::lines::complain(&format!("error: cannot write down what happened: {error}"));
        std::process::exit(74); // EX_IOERR
    }
}
