//! Files on disk: what cannot be read, and what relative paths mean.

use mcpvisor::config::{self, Config, Env, Faults, Source, Target};
use secrecy::ExposeSecret;
use std::path::Path;

fn load(path: &Path) -> Result<Config, Faults> {
    config::load(&Source { path: path.to_owned(), env: Env::default() })
}

#[test]
fn what_cannot_be_read_is_told_plainly() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("folder.yaml")).expect("created");
    std::fs::write(at("latin.yaml"), b"# a\nlisten: \xe4\n").expect("written");
    std::fs::write(at("empty.toml"), "").expect("written");
    std::fs::write(at("x.ini"), "a").expect("written");
    for (name, end) in [
        ("none.yaml", ": does not exist; check the path"),
        ("folder.yaml", ": is a folder; name a file in it"),
        ("latin.yaml", ":2: is not UTF-8; save it as UTF-8"),
        (
            "empty.toml",
            ":1: the file is empty; write keys such as `servers:`; config.example.yaml shows all of them",
        ),
        ("x.ini", ": the format is unknown; name it .yaml, .yml, .toml, .json, .jsonc or .json5"),
    ] {
        let faults = load(&at(name)).expect_err(name);
        assert_eq!(faults.to_string(), format!("{}{end}", at(name).display()));
    }
}

#[test]
fn relative_paths_start_from_the_folder_of_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("vars.env"), "A=file\nB=file\n").expect("written");
    let path = dir.path().join("c.yml");
    let text =
        "state_dir: s\nservers: {a: {command: x, cwd: w, env_file: vars.env, env: {B: own}}}\n";
    std::fs::write(&path, text).expect("written");
    let config = load(&path).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.state_dir, Some(dir.path().join("s")));
    let Target::Stdio(target) = &config.servers["a"].target else { panic!("a is a process") };
    assert_eq!(target.cwd, Some(dir.path().join("w")));
    assert_eq!(target.env["A"].expose_secret(), "file");
    assert_eq!(target.env["B"].expose_secret(), "own");
}
