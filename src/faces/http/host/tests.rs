//! Tables of hosts and origins that are let in and turned away.

use super::*;

fn doorkeeper(listen: &str, hosts: &[&str], origins: &[&str]) -> Doorkeeper {
    let strings = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let settings = HttpSettings {
        allowed_hosts: strings(hosts),
        allowed_origins: strings(origins),
        ..HttpSettings::default()
    };
    Doorkeeper::new(&settings, listen.parse().unwrap()).unwrap()
}

#[test]
fn only_hosts_that_name_us_are_let_in() {
    let door = doorkeeper("192.0.2.7:3210", &["gate.example.org", "pinned.example.org:8443"], &[]);
    for (host, verdict) in [
        ("localhost", Ok(())),
        ("LocalHost:9", Ok(())),
        ("localhost.:80", Ok(())),
        ("127.0.0.1:3210", Ok(())),
        ("127.9.9.9", Ok(())),
        ("[::1]:3210", Ok(())),
        ("[::1]", Ok(())),
        ("[::ffff:127.0.0.1]:80", Ok(())),
        ("192.0.2.7:3210", Ok(())),
        ("192.0.2.7", Ok(())),
        ("192.0.2.8", Err(Foreign::Host)),
        ("gate.example.org", Ok(())),
        ("GATE.example.org:1", Ok(())),
        ("pinned.example.org:8443", Ok(())),
        ("pinned.example.org", Err(Foreign::Host)),
        ("pinned.example.org:80", Err(Foreign::Host)),
        ("evil.example.com", Err(Foreign::Host)),
        ("localhost.evil.example.com", Err(Foreign::Host)),
        ("127.0.0.1.evil.example.com", Err(Foreign::Host)),
        ("0.0.0.0:3210", Err(Foreign::Host)),
        ("", Err(Foreign::NoHost)),
        ("localhost:port", Err(Foreign::NoHost)),
        ("localhost:99999", Err(Foreign::NoHost)),
        ("user@localhost", Err(Foreign::NoHost)),
        ("localhost, evil.example.com", Err(Foreign::NoHost)),
        ("[::1", Err(Foreign::NoHost)),
        ("[::1]x", Err(Foreign::NoHost)),
    ] {
        assert_eq!(door.check(Some(host), None), verdict, "{host}");
    }
}

#[test]
fn only_origins_that_are_ours_or_configured_are_let_in() {
    let door = doorkeeper(
        "127.0.0.1:3210",
        &["gate.example.org"],
        &["https://app.example.org", "vscode-webview://panel/"],
    );
    for (host, origin, admitted) in [
        ("localhost", "http://localhost:6274", true),
        ("localhost", "https://127.0.0.1", true),
        ("localhost", "http://[::1]:1", true),
        ("localhost", "https://app.example.org", true),
        ("localhost", "HTTPS://APP.example.org", true),
        ("localhost", "vscode-webview://panel", true),
        ("localhost", "http://app.example.org", false),
        ("localhost", "https://app.example.org:444", false),
        ("localhost", "https://app.example.org.evil.example.com", false),
        ("localhost", "http://evil.example.com", false),
        ("localhost", "http://localhost.evil.example.com", false),
        ("localhost", "http://localhost@evil.example.com", false),
        ("localhost", "ftp://localhost", false),
        ("localhost", "null", false),
        ("localhost", "", false),
        ("gate.example.org:3210", "http://gate.example.org:3210", true),
        ("gate.example.org:3210", "http://gate.example.org:81", false),
        ("localhost", "http://gate.example.org", false),
    ] {
        let verdict = door.check(Some(host), Some(origin));
        let expected = if admitted { Ok(()) } else { Err(Foreign::Origin) };
        assert_eq!(verdict, expected, "{origin} on {host}");
    }
}

#[test]
fn a_star_lets_every_host_in_but_no_foreign_page() {
    let door = doorkeeper("0.0.0.0:3210", &["*"], &[]);
    assert_eq!(door.check(Some("anything.example.com"), None), Ok(()));
    assert_eq!(
        door.check(Some("anything.example.com"), Some("http://anything.example.com")),
        Err(Foreign::Origin)
    );
    let open = doorkeeper("0.0.0.0:3210", &["*"], &["*"]);
    assert_eq!(
        open.check(Some("anything.example.com"), Some("http://elsewhere.example.com")),
        Ok(())
    );
}

#[test]
fn the_unspecified_address_is_no_host() {
    let door = doorkeeper("0.0.0.0:3210", &[], &[]);
    assert_eq!(door.check(Some("0.0.0.0:3210"), None), Err(Foreign::Host));
    assert_eq!(door.check(None, None), Ok(()));
}

#[test]
fn a_configured_host_that_names_none_is_reported() {
    let settings = HttpSettings {
        allowed_hosts: vec!["https://gate.example.org/".into()],
        ..HttpSettings::default()
    };
    let refused = Doorkeeper::new(&settings, settings.listen).unwrap_err();
    assert_eq!(refused, NotAHost("https://gate.example.org/".into()));
}
