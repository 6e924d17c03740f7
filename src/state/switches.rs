//! The tools that are switched off, in one file: `tools.json`, `{"off":{"SERVER":["TOOL", …]}}`.
//!
//! Written beside and renamed, so that a crash leaves the old one or the new one. What cannot be read is as
//! if it had never been there.

use mcpvisor_actors::catalog::{SwitchStore, SwitchedOff};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The switches in a file.
#[derive(Debug)]
pub struct SwitchFile {
    file: PathBuf,
}

/// What the file says.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    /// By server, the own names of its tools.
    #[serde(default)]
    off: BTreeMap<String, Vec<String>>,
}

impl SwitchFile {
    /// Uses `state_dir`, which need not exist before something is to be kept.
    pub fn new(state_dir: &Path) -> Self {
        Self { file: state_dir.join("tools.json") }
    }

    fn write(&self, off: &SwitchedOff) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut contents = Contents::default();
        for (server, own) in off.all() {
            contents.off.entry(server.to_string()).or_default().push(own.to_owned());
        }
        let beside = self.file.with_extension(format!("json.{}", std::process::id()));
        fs::write(&beside, serde_json::to_vec(&contents)?)?;
        fs::rename(&beside, &self.file)
    }
}

impl SwitchStore for SwitchFile {
    fn load(&self) -> SwitchedOff {
        let text = fs::read(&self.file).unwrap_or_default();
        let Contents { off } = serde_json::from_slice(&text).unwrap_or_default();
        let tools = off.iter().flat_map(|(server, tools)| {
            tools.iter().map(move |own| (server.as_str(), own.as_str()))
        });
        tools.collect()
    }

    fn save(&self, off: &SwitchedOff) -> bool {
        let written = self.write(off);
        if let Err(error) = &written {
            let file = self.file.display();
            tracing::warn!(%file, %error, "which tools are switched off could not be remembered");
        }
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_last_is_loaded_and_a_torn_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = SwitchFile::new(&folder.path().join("not there yet"));
        assert_eq!(file.load(), SwitchedOff::default());
        let off: SwitchedOff =
            [("git", "log"), ("git", "ä \"b\""), ("a", "x")].into_iter().collect();
        assert!(file.save(&[("b", "y")].into_iter().collect()) && file.save(&off));
        assert_eq!(file.load(), off);
        assert_eq!(fs::read_dir(file.file.parent().unwrap()).unwrap().count(), 1);
        assert!(file.save(&SwitchedOff::default()));
        assert_eq!(file.load(), SwitchedOff::default());
        fs::write(&file.file, "{torn").unwrap();
        assert_eq!(file.load(), SwitchedOff::default());
        let nowhere = folder.path().join("a file");
        fs::write(&nowhere, "").unwrap();
        assert!(!SwitchFile::new(&nowhere).save(&off));
    }
}
