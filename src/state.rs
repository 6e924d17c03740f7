//! The state directory: what is remembered from run to run.
//!
//! One file a server under `catalog/`, written beside and renamed, so that a crash leaves the old one or
//! the new one. One file a server under `timeline/`, appended to. One file a listener under `sessions/`.
//! The tools that are switched off in `tools.json`. What cannot be read is as if it had never been there.

mod sessions;
mod switches;
mod timeline;

pub use sessions::SessionFile;
pub use switches::SwitchFile;
pub use timeline::TimelineFiles;

use bytes::Bytes;
use etcetera::BaseStrategy;
use mcpvisor_actors::catalog::CatalogStore;
use mcpvisor_actors::server::ServerSpec;
use mcpvisor_actors::wire::Members;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The platform's folder for state, when it has one.
pub fn default_dir() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("mcpvisor"))
}

/// Catalogs in files.
#[derive(Debug)]
pub struct CatalogFiles {
    folder: PathBuf,
}

impl CatalogFiles {
    /// Uses `state_dir`, making it if need be.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let folder = state_dir.join("catalog");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn file(&self, spec: &ServerSpec) -> PathBuf {
        self.folder.join(format!("{}.json", spec.name))
    }

    fn write(&self, spec: &ServerSpec, manifest: &[u8]) -> io::Result<()> {
        let fingerprint = serde_json::Value::from(spec.fingerprint.as_str()).to_string();
        let text = [
            b"{\"fingerprint\":".as_slice(),
            fingerprint.as_bytes(),
            b",\"manifest\":",
            manifest,
            b"}\n",
        ]
        .concat();
        let file = self.file(spec);
        let beside = file.with_extension(format!("json.{}", std::process::id()));
        fs::write(&beside, text)?;
        fs::rename(&beside, &file)
    }
}

impl CatalogStore for CatalogFiles {
    fn load(&self, spec: &ServerSpec) -> Option<Bytes> {
        let text = fs::read(self.file(spec)).ok()?;
        let members = Members::of(&text)?;
        let fingerprint = members.get("fingerprint").ok()??;
        let fingerprint: String = serde_json::from_str(fingerprint.get()).ok()?;
        let manifest = members.get("manifest").ok()??;
        (fingerprint == spec.fingerprint).then(|| Bytes::copy_from_slice(manifest.get().as_bytes()))
    }

    fn save(&self, spec: &ServerSpec, manifest: &Bytes) {
        if let Err(error) = self.write(spec, manifest) {
            tracing::warn!(server = %spec.name, %error, "its tools could not be remembered");
        }
    }
}
