//! Which program is run, and why it could not be, in plain words.

use crate::downstream::StdioTarget;
use std::io;
use std::path::{Path, PathBuf};

/// The program to run. The system looks in PATH itself, except for scripts on Windows.
pub(super) fn resolve(target: &StdioTarget) -> PathBuf {
    #[cfg(windows)]
    if let Some(script) = windows_script(&target.command) {
        return script;
    }
    PathBuf::from(&target.command)
}

/// `npx` is `npx.cmd` on Windows, which is not found without its extension. Untested.
#[cfg(windows)]
fn windows_script(command: &str) -> Option<PathBuf> {
    let plain = Path::new(command);
    if plain.extension().is_some() || plain.components().count() != 1 {
        return None;
    }
    let folders = std::env::var_os("PATH")?;
    let extensions = ["exe", "cmd", "bat"];
    std::env::split_paths(&folders)
        .flat_map(|folder| extensions.map(|it| folder.join(command).with_extension(it)))
        .find(|candidate| candidate.is_file())
}

/// The reason of a failed start. The system says "not found" for three different things.
pub(super) fn why_not(target: &StdioTarget, error: &io::Error) -> String {
    if let Some(cwd) = target.cwd.as_deref().filter(|cwd| !cwd.is_dir()) {
        return format!("working directory {} does not exist", cwd.display());
    }
    let has_folder = Path::new(&target.command).components().count() > 1;
    let path = target.cwd.as_deref().unwrap_or_else(|| Path::new("")).join(&target.command);
    match error.kind() {
        io::ErrorKind::NotFound if !has_folder => "no such program in PATH".to_owned(),
        io::ErrorKind::NotFound if path.is_file() => {
            "the interpreter named in its first line does not exist".to_owned()
        }
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied if path.is_dir() => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "not executable".to_owned(),
        _ if is_no_program(error) => {
            "this system cannot execute it; a script needs a first line like `#!/bin/sh`".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

/// `ERROR_BAD_EXE_FORMAT`.
#[cfg(windows)]
fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(193)
}
