//! How the end of a connection is told.

use crate::support::*;
use mcpvisor_actors::server::Loss;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

#[tokio::test]
async fn an_exit_is_told_in_words_with_the_last_lines_of_stderr() {
    for (text, expected) in [
        ("echo 'no token' >&2; exit 3", "exit code 3"),
        ("echo 'no token' >&2; kill -9 $$", "killed by SIGKILL"),
        ("echo 'no token' >&2; kill -SEGV $$", "killed by SIGSEGV"),
    ] {
        let mut transport = start(text).await;
        let Loss::Exited { status, stderr } = lost(&mut transport).await else {
            panic!("not an exit: {text}")
        };
        assert_eq!((status.as_str(), stderr), (expected, vec!["no token".to_owned()]));
    }
}

#[tokio::test]
async fn everything_said_before_the_end_is_heard_first() {
    // The child closes its stdin at once, so that writing fails, and speaks afterwards.
    let mut transport = start(
        r#"exec <&-; sleep 0.1
           for n in 1 2 3; do echo '{"jsonrpc":"2.0","method":"word"}'; done
           printf '{"jsonrpc":"2.0","method":"last"}'; exit 4"#,
    )
    .await;
    transport.send(request(1, 200_000));
    for expected in ["word", "word", "word", "last"] {
        assert_eq!(message(&mut transport).await, expected);
    }
    assert!(
        matches!(lost(&mut transport).await, Loss::Exited { status, .. } if status == "exit code 4")
    );
}

#[tokio::test]
async fn closed_output_of_a_running_child_is_told() {
    let mut transport = start("echo why >&2; exec >&- ; exec sleep 1000").await;
    let loss = lost(&mut transport).await;
    assert_eq!(loss, Loss::OutputClosed { stderr: vec!["why".into()] });
}

#[tokio::test]
async fn closed_input_of_a_running_child_is_told() {
    let mut transport = start("exec <&-; exec sleep 1000").await;
    transport.send(request(1, 200_000)); // more than a pipe takes
    let detail = "the process closed its input but still runs".to_owned();
    assert_eq!(lost(&mut transport).await, Loss::Protocol { detail });
}

#[tokio::test]
async fn an_exit_is_noticed_though_a_grandchild_holds_stdout_open() {
    let mut transport =
        start(r#"sleep 1000 & echo '{"jsonrpc":"2.0","method":"bye"}'; exit 5"#).await;
    assert_eq!(message(&mut transport).await, "bye");
    assert!(
        matches!(lost(&mut transport).await, Loss::Exited { status, .. } if status == "exit code 5")
    );
}

#[tokio::test]
async fn a_failed_start_says_what_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing");
    let words = format!("working directory {} does not exist", missing.display());
    let none: Option<PathBuf> = None;
    for (command, cwd, expected) in [
        ("no-such-program-anywhere".to_owned(), none.clone(), "no such program in PATH"),
        (missing.to_str().unwrap().to_owned(), none.clone(), "no such file"),
        (file("plain", "#!/bin/sh\n", 0o644), none.clone(), "not executable"),
        (
            file("lost", "#!/no/such/interpreter\n", 0o755),
            none,
            "the interpreter named in its first line does not exist",
        ),
        ("sh".to_owned(), Some(missing), words.as_str()),
    ] {
        let mut target = script("exit 0");
        (target.command, target.cwd) = (command.clone(), cwd);
        match connect(target).await {
            Err(loss) => {
                let detail = expected.to_owned();
                assert_eq!(loss, Loss::CannotStart { command, detail });
            }
            Ok(_) => panic!("{command} started"),
        }
    }
}
