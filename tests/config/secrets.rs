//! Secrets stay out of everything that is printed.

use mcpvisor::config::{self, Env, Format, Target};
use secrecy::ExposeSecret;

const SECRET: &str = "s3cr3t-planted";

#[test]
fn no_secret_is_shown_by_debug_report_or_notes() {
    let text = "servers:\n  a:\n    command: x\n    args: [--key, '${S}']\n    env: {KEY: '${S}', K2: s3cr3t-planted}\n    trust: s3cr3t-planted\n\
                \x20 b:\n    url: https://u:s3cr3t-planted@h/mcp?key=s3cr3t-planted\n    headers: {A: s3cr3t-planted}\n";
    let env: Env = [("S", SECRET)].into_iter().collect();
    let config = config::parse(text, Format::Yaml, &env).expect("sound");
    let Target::Stdio(target) = &config.servers["a"].target else { panic!("a is a process") };
    assert_eq!(target.env["KEY"].expose_secret(), SECRET);
    for shown in [
        format!("{config:?}"),
        format!("{config:#?}"),
        config.report().to_string(),
        format!("{env:?}"),
    ] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn no_secret_is_shown_by_a_fault() {
    let text = "listen: '${S}'\nstate_dir: ''\nnaming: {separator: '${S}', strategy: '${S}'}\nlimits: {max_depth: '${S}', body_timeout: '${S}'}\n\
                servers:\n  a:\n    command: x\n    env: {A: ['${S}'], 'x=y': '${S}'}\n    tools: {t: {name: '${S} '}}\n\
                \x20 b:\n    url: 'ftp://${S}'\n    headers: {A: \"s3cr3t-planted\\n\"}\n  c:\n    url: s3cr3t-planted\n";
    let env: Env = [("S", SECRET), ("MCPVISOR__LIST__PAGE_SIZE", SECRET)].into_iter().collect();
    let faults = config::parse(text, Format::Yaml, &env).expect_err("many faults");
    assert!(faults.0.len() >= 11, "{faults}");
    assert!(!format!("{faults}{faults:?}").contains(SECRET), "{faults}");
}

#[test]
fn no_value_of_the_environment_is_told_by_a_fault_of_a_file_or_a_dependency() {
    let text = "servers:\n  a: {command: x, env_file: '/none/${S}'}\n  b: {command: x, env_file: '/none'}\n\
                \x20 hidden: {command: x, enabled: false}\n  c: {command: x, depends_on: ['${N}', '${N}']}\n";
    let env: Env = [("S", SECRET), ("N", "hidden")].into_iter().collect();
    let faults = config::parse(text, Format::Yaml, &env).expect_err("three faults");
    let told: Vec<&str> = faults.0.iter().map(|fault| &*fault.message).collect();
    let none = "cannot be read: No such file or directory (os error 2)";
    assert_eq!(
        told,
        [
            format!("the value {none}"),
            format!("`/none` {none}"),
            "the value is named twice".to_owned()
        ]
    );
}

#[test]
fn a_value_of_the_environment_is_hidden_wherever_else_it_is_quoted() {
    let text = "servers: {a: {command: x, args: ['${S}'], s3cr3t-planted: 1}}";
    let env: Env = [("S", SECRET)].into_iter().collect();
    let faults = config::parse(text, Format::Yaml, &env).expect_err("an unknown key");
    assert_eq!(faults.0[0].message, "unknown key `***`");
}

#[test]
fn a_fingerprint_changes_with_a_secret_and_does_not_show_it() {
    let of = |secret: &str| {
        let text = format!("servers: {{a: {{command: x, env: {{K: {secret}}}}}}}");
        super::sound(&text).servers["a"].fingerprint.clone()
    };
    assert_eq!(of("one"), of("one"));
    assert_ne!(of("one"), of("two"));
    assert_eq!(of("one").len(), 32);
    // A stored fingerprint must be found again by every later version.
    assert_eq!(super::sound("servers: {a: {command: x}}").servers["a"].fingerprint, FIXED);
}

const FIXED: &str = "34e78a67ab1010b28aaee8b47984e133";
