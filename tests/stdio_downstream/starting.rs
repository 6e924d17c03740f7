//! That programs are found and run as shells and other clients find and run them.

use crate::support::*;
use mcpvisor::downstream::StdioTarget;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A script that can be executed, and what it says once it is.
fn executable(file: &Path, first_line: &str, says: &str) {
    let text = format!(r#"echo '{{"jsonrpc":"2.0","method":"{says}"}}'; read x"#);
    fs::write(file, format!("{first_line}{text}\n")).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
}

fn program(command: &str) -> StdioTarget {
    StdioTarget { command: command.to_owned(), args: Vec::new(), ..script("") }
}

/// What a program says first.
async fn says(target: StdioTarget) -> String {
    message(&mut connect(target).await.unwrap()).await
}

#[tokio::test]
async fn a_script_without_a_first_line_is_run_by_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain");
    executable(&file, "", "plain");
    assert_eq!(says(program(file.to_str().unwrap())).await, "plain");
}

#[tokio::test]
async fn a_bare_name_is_looked_for_in_the_path_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name| folder.path().join(name);
    for name in ["first", "second", "near"] {
        fs::create_dir(place(name)).unwrap();
    }
    fs::write(place("first/tool"), "not executable").unwrap();
    executable(&place("second/tool"), "#!/bin/sh\n", "second");
    executable(&place("near/other"), "#!/bin/sh\n", "near");
    // the last one is relative to the server's working directory
    let path = format!("{}:{}:near", place("first").display(), place("second").display());
    for (command, said) in [("tool", "second"), ("other", "near")] {
        let mut target = program(command);
        target.cwd = Some(folder.path().to_owned());
        target.env.insert("PATH".to_owned(), path.clone().into());
        assert_eq!(says(target).await, said);
    }
}

#[tokio::test]
async fn a_program_is_called_by_the_name_it_was_given() {
    let text = r#"echo "{\"jsonrpc\":\"2.0\",\"method\":\"$0\"}"; read x"#;
    assert_eq!(says(script(text)).await, "sh");
}
