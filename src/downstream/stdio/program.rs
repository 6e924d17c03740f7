//! Which program is run, and why it could not be, in plain words.

use super::process::How;
use crate::downstream::StdioTarget;
use secrecy::ExposeSecret;
#[cfg(unix)]
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What runs the target's program; its arguments come after. A bare name is looked for in the child's PATH: left
/// to the system, a PATH among the target's variables would make each start a copy of the gateway. One that is not
/// found is left as it is.
pub(super) fn command(target: &StdioTarget, how: How) -> Command {
    #[cfg(windows)]
    let found = windows_script(&target.command);
    #[cfg(unix)]
    let found = in_path(target);
    let program = found.unwrap_or_else(|| PathBuf::from(&target.command));
    match how {
        How::AsProgram => {
            let mut command = Command::new(program);
            #[cfg(unix)]
            command.arg0(&target.command);
            command
        }
        #[cfg(unix)]
        How::AsScript => {
            let mut command = Command::new("/bin/sh");
            command.arg(program);
            command
        }
    }
}

/// Source: POSIX.1-2024 `execvp` and "Environment variables", PATH.
#[cfg(unix)]
fn in_path(target: &StdioTarget) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    if target.command.is_empty() || target.command.contains('/') {
        return None;
    }
    let own = target.env.get("PATH").map(|path| OsString::from(path.expose_secret()));
    let path = own.or_else(|| std::env::var_os("PATH"))?;
    // an empty entry is the child's working directory, and others may be relative to it
    let here = target.cwd.as_deref().unwrap_or_else(|| Path::new("."));
    std::env::split_paths(&path).map(|folder| folder.join(&target.command)).find_map(|file| {
        let found = here.join(&file).metadata().ok()?;
        let runs = found.is_file() && found.permissions().mode() & 0o111 != 0;
        runs.then(|| Path::new(".").join(file))
    })
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

/// Neither a program of this machine nor a script that says what runs it.
#[cfg(unix)]
pub(super) fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

/// `ERROR_BAD_EXE_FORMAT`.
#[cfg(windows)]
fn is_no_program(error: &io::Error) -> bool {
    error.raw_os_error() == Some(193)
}
