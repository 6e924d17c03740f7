//! Groups and tags: which servers they make, and what is refused.

use super::{faulty, sound};
use mcpvisor::config::{self, Env, Format};

/// Four servers, one of them disabled; what follows is about groups.
const FOUR: &str = "servers:\n  db-a: {command: x, tags: [data]}\n  db-b: {command: x}\n  git: {command: x, tags: [code, data]}\n  off: {command: x, enabled: false}\n";

#[test]
fn a_group_has_the_servers_its_names_patterns_and_tags_mean() {
    for (says, servers) in [
        ("servers: [git]", &["git"][..]),
        ("servers: ['db-*']", &["db-a", "db-b"]),
        ("tags: [data]", &["db-a", "git"]),
        ("servers: [db-b], tags: [code]", &["db-b", "git"]),
        ("servers: [off, git]", &["git", "off"]),
        ("tools: {deny: ['*.write']}", &["db-a", "db-b", "git", "off"]),
        ("", &["db-a", "db-b", "git", "off"]),
    ] {
        let config = sound(&format!("{FOUR}groups: {{g: {{{says}}}}}\n"));
        assert!(config.notes.is_empty(), "{:?}", config.notes);
        assert_eq!(Vec::from_iter(&config.groups["g"].servers), servers, "{says}");
    }
    assert!(sound(FOUR).groups.is_empty());
}

#[test]
fn a_group_that_means_nothing_is_refused_with_line_key_and_remedy() {
    for (group, wanted) in [
        (
            "    servers: [gitt]\n",
            "config:8: groups.g.servers[0]: `gitt` is no server; did you mean `git`?",
        ),
        (
            "    servers:\n      - git\n      - 'web-*'\n",
            "config:10: groups.g.servers[1]: `web-*` is no server; name a server of this file, or write a pattern such as `db-*`",
        ),
        (
            "    servers: ['a[']\n",
            "config:8: groups.g.servers[0]: is no pattern (unclosed character class; missing ']'); name a server of this file, or write a pattern such as `db-*`",
        ),
        (
            "    tags: [cod]\n",
            "config:8: groups.g.tags[0]: no server has the tag `cod`; did you mean `code`?",
        ),
        (
            "    tags: [nothing]\n",
            "config:8: groups.g.tags[0]: no server has the tag `nothing`; write it to `tags` of a server, or remove it here",
        ),
        (
            "    tools: {allow: ['a[']}\n",
            "config:8: groups.g.tools.allow[0]: is no pattern (unclosed character class; missing ']'); write a tool's name or a pattern such as `read_*`",
        ),
        (
            "    tools:\n      deny: ['']\n",
            "config:9: groups.g.tools.deny[0]: is empty; write a tool's name or a pattern such as `read_*`",
        ),
        ("    tool: {}\n", "config:8: groups.g.tool: unknown key `tool`; did you mean `tools`?"),
        (
            "    servers: git\n",
            "config:8: groups.g.servers: expected a list, found `git`; write `[a, b]`",
        ),
    ] {
        assert_eq!(faulty(&format!("{FOUR}groups:\n  g:\n{group}")), wanted);
    }
    assert_eq!(
        faulty(&format!("{FOUR}groups: {{a/b: {{}}}}\n")),
        "config:6: groups.a/b: `a/b` is no name of a group; use 1 to 64 of A-Z a-z 0-9 _ -"
    );
    assert_eq!(
        faulty("servers:\n  a:\n    command: x\n    tags: [a b]\n"),
        "config:4: servers.a.tags[0]: `a b` is no tag; use 1 to 64 of A-Z a-z 0-9 _ -"
    );
}

#[test]
fn a_server_with_faults_of_its_own_is_not_unknown_to_a_group() {
    let text = "servers:\n  a: {comand: x}\n  b: {command: y}\ngroups: {g: {servers: [a, b]}}\n";
    let told = faulty(text);
    assert!(told.contains("unknown key `comand`") && !told.contains("groups"), "{told}");
}

#[test]
fn a_group_that_shows_nothing_is_noted_and_a_report_tells_of_groups() {
    let text =
        format!("{FOUR}groups:\n  none: {{servers: [off]}}\n  all: {{description: Everything}}\n");
    let report = sound(&text).report().to_string();
    for line in [
        "\n  group all: db-a, db-b, git, off (Everything)\n",
        "\n  group none: off\n",
        "note: config:7: groups.none: all its servers are disabled, so it shows nothing; enable one of them or remove the group",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
}

#[test]
fn groups_are_set_from_the_environment_and_their_values_are_not_told() {
    let env = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Env>();
    let text = format!("{FOUR}groups: {{g: {{}}}}\n");
    let sets = env(&[
        ("MCPVISOR__GROUPS__G__SERVERS", "git,db-a"),
        ("MCPVISOR__GROUPS__G__TOOLS__DENY", "a,b"),
    ]);
    let config = config::parse(&text, Format::Yaml, &sets).expect("sound");
    let group = &config.groups["g"];
    assert_eq!(Vec::from_iter(&group.servers), ["db-a", "git"]);
    assert_eq!(group.tools.deny.len(), 2);
    let wrong = env(&[("MCPVISOR__GROUPS__G__TAGS", "s3cret")]);
    let told = config::parse(&text, Format::Yaml, &wrong).expect_err("no such tag").to_string();
    assert_eq!(
        told,
        "MCPVISOR__GROUPS__G__TAGS: groups.g.tags[0]: no server has the tag the value; write it to `tags` of a server, or remove it here"
    );
}
