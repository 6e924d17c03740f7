//! Sessions in a file: one for each address that is listened on, under `sessions/`.
//!
//! Written beside and renamed, so that a crash leaves the old one or the new one; nobody else may read
//! it. What cannot be read is as if it had never been there.

use mcpvisor_actors::session::{SessionRecord, SessionStore};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The sessions of one listener.
#[derive(Debug)]
pub struct SessionFile {
    file: PathBuf,
}

impl SessionFile {
    /// Uses `state_dir`, which need not exist before something is to be kept.
    pub fn new(state_dir: &Path, listen: SocketAddr) -> Self {
        let name: String = listen
            .to_string()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' })
            .collect();
        Self { file: state_dir.join("sessions").join(format!("{name}.json")) }
    }

    fn write(&self, records: &[SessionRecord]) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self.file.with_extension(format!("json.{}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&beside)?.write_all(&serde_json::to_vec(records)?)?;
        fs::rename(&beside, &self.file)
    }
}

impl SessionStore for SessionFile {
    fn now(&self) -> Duration {
        UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn load(&self) -> Vec<SessionRecord> {
        let text = fs::read(&self.file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn save(&self, records: &[SessionRecord]) -> bool {
        let written = self.write(records);
        if let Err(error) = &written {
            let file = self.file.display();
            tracing::warn!(%file, %error, "the sessions could not be remembered");
        }
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> SessionRecord {
        SessionRecord {
            id: id.into(),
            initialize: "{}".into(),
            selector: "/groups/g".into(),
            level: Some("info".into()),
            subscriptions: vec!["x:1".into()],
            last_used: 7,
        }
    }

    #[test]
    fn what_was_saved_last_is_loaded_and_only_we_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = SessionFile::new(folder.path(), "127.0.0.1:3210".parse().unwrap());
        let other = SessionFile::new(folder.path(), "[::1]:3210".parse().unwrap());
        assert_eq!(file.load(), []);
        assert!(file.save(&[record("a"), record("b")]));
        assert!(file.save(&[record("b")]));
        assert_eq!(file.load(), [record("b")]);
        assert_eq!(other.load(), []);
        let nowhere = folder.path().join("a file");
        fs::write(&nowhere, "").unwrap();
        let nowhere = SessionFile::new(&nowhere, "127.0.0.1:3210".parse().unwrap());
        assert!(!nowhere.save(&[record("a")]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file.file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(file.file.parent().unwrap()).unwrap().count(), 1);
        fs::write(&file.file, "{torn").unwrap();
        assert_eq!(file.load(), []);
    }
}
