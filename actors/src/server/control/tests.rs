//! Handshake, first listing and later ones, as a pure value with a clock given in.

use super::*;
use crate::catalog::Item;
use crate::server::EraChoice;
use crate::server::listing::SPACING;

const TOOLS: &str = "notifications/tools/list_changed";

const WITH_TOOLS: &[u8] =
    br#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{},"logging":{}}}"#;

#[expect(clippy::unnecessary_wraps, reason = "the answer of a server, as `answered` takes it")]
fn ok(text: &'static [u8]) -> Result<Bytes, Bytes> {
    Ok(Bytes::from_static(text))
}

/// The conversation with a server that is known to be of the initialize era.
fn legacy(level: Option<LogLevel>, remembered: Option<Arc<Manifest>>) -> Control {
    Control::new(level, remembered, guess(Purpose::Initialize))
}

fn guess(first: Purpose) -> Guess {
    let (choice, carriage) = (EraChoice::Auto, Carriage::Posts);
    Guess { choice, first, again: true, patient: false, carriage }
}

fn ready(now: Instant) -> Control {
    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[{"name":"a"}]}"#), now);
    control
}

#[test]
fn a_server_is_published_after_all_its_pages() {
    let now = Instant::now();
    let mut control = legacy(Some(LogLevel::Error), None);
    let actions = control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    assert_eq!(
        actions,
        [
            Action::Established(Era::Legacy(ProtocolVersion::V2025_06_18)),
            Action::Request(Purpose::SetLevel, r#"{"level":"error"}"#.into()),
            Action::Request(Purpose::List(Subject::Tool), "{}".into()),
        ]
    );
    let first = ok(br#"{"tools":[{"name":"a"}],"nextCursor":"x\u0041"}"#);
    assert_eq!(
        control.answered(Purpose::List(Subject::Tool), first, now),
        [Action::Request(Purpose::List(Subject::Tool), r#"{"cursor":"x\u0041"}"#.into())]
    );
    let last =
        control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[{"name":"b"}]}"#), now);
    let [Action::Publish(manifest)] = last.as_slice() else { panic!("{last:?}") };
    let names: Vec<_> =
        manifest.items[Subject::Tool].iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_server_without_tools_is_never_listed() {
    let now = Instant::now();
    let mut control = legacy(Some(LogLevel::Debug), None);
    let result = ok(br#"{"protocolVersion":"2024-11-05","capabilities":{}}"#);
    let actions = control.answered(Purpose::Initialize, result, now);
    assert!(matches!(actions.as_slice(), [Action::Established(_), Action::Publish(_)]));
    assert_eq!(control.list_changed(TOOLS, now), []);
}

#[test]
fn a_storm_of_changes_lists_four_times_a_second_at_most() {
    let mut now = Instant::now();
    let mut control = ready(now);
    let mut listings = 0;
    for _ in 0..990 {
        now += Duration::from_millis(1);
        let due = control.list_changed(TOOLS, now);
        listings += due.len();
        if !due.is_empty() {
            control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[{"name":"a"}]}"#), now);
        }
    }
    assert!((3..=4).contains(&listings), "{listings}");
    let due = control.due().expect("the last change is not forgotten");
    assert_eq!(control.act_if_due(due).len(), 1);
    assert_eq!(control.due(), None);
}

#[test]
fn a_failed_listing_keeps_the_last_good_list_but_the_first_must_succeed() {
    let now = Instant::now();
    let error = || Err(Bytes::from_static(br#"{"code":-1,"message":"no"}"#));
    let mut control = ready(now);
    assert_eq!(control.answered(Purpose::List(Subject::Tool), error(), now), []);

    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    let actions = control.answered(Purpose::List(Subject::Tool), error(), now);
    assert!(matches!(actions.as_slice(), [Action::GiveUp(Loss::Protocol { .. })]));
}

#[test]
fn a_failed_relisting_is_repeated_ever_more_slowly_until_it_succeeds() {
    let mut now = Instant::now();
    let mut control = ready(now);
    now += SPACING;
    let mut pauses = Vec::new();
    let mut due = control.list_changed(TOOLS, now);
    for _ in 0..9 {
        assert_eq!(due, [Action::Request(Purpose::List(Subject::Tool), "{}".into())]);
        assert_eq!(
            control.answered(Purpose::List(Subject::Tool), Err(Bytes::from_static(b"{}")), now),
            []
        );
        let next = control.due().expect("it is tried again");
        pauses.push(next.duration_since(now).as_secs());
        now = next;
        due = control.act_if_due(now);
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    let again = control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[]}"#), now);
    assert!(matches!(again.as_slice(), [Action::Publish(_)]));
    assert_eq!(control.due(), None);
}

#[test]
fn an_empty_list_is_a_good_list() {
    let now = Instant::now();
    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[],"nextCursor":""}"#), now);
    assert_eq!(control.list_changed(TOOLS, now + SPACING).len(), 1);
    assert_eq!(control.answered(Purpose::List(Subject::Tool), Err(Bytes::new()), now), []);
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let now = Instant::now();
    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    let page = || ok(br#"{"tools":[{"name":"a"}],"nextCursor":"again"}"#);
    assert_eq!(control.answered(Purpose::List(Subject::Tool), page(), now).len(), 1);
    let actions = control.answered(Purpose::List(Subject::Tool), page(), now);
    let [Action::GiveUp(Loss::Protocol { detail })] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(detail, "`tools/list` gave the same cursor twice");
}

const WITH_ALL: &[u8] =
    br#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{},"prompts":{},"resources":{}}}"#;

/// What is asked for by these actions, and whether they publish.
fn told(actions: &[Action]) -> (Vec<&'static str>, bool) {
    let asked = actions.iter().filter_map(|action| match action {
        Action::Request(purpose, _) => Some(purpose.method()),
        _ => None,
    });
    let publishes = actions.iter().any(|action| matches!(action, Action::Publish(_)));
    (asked.collect(), publishes)
}

#[expect(clippy::unnecessary_wraps, reason = "the answer of a server, as `answered` takes it")]
fn empty(subject: Subject) -> Result<Bytes, Bytes> {
    Ok(format!(r#"{{"{}":[]}}"#, subject.member()).into())
}

fn refused(code: i32) -> Result<Bytes, Bytes> {
    Err(format!(r#"{{"code":{code},"message":"no"}}"#).into())
}

#[test]
fn everything_declared_is_listed_and_then_published_once() {
    let now = Instant::now();
    let mut control = legacy(None, None);
    let all = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
    let actions = control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    assert_eq!(told(&actions), (all.to_vec(), false));
    for (subject, publishes) in Subject::ALL.into_iter().zip([false, false, false, true]) {
        let actions = control.answered(Purpose::List(subject), empty(subject), now);
        assert_eq!(told(&actions), (vec![], publishes), "{subject:?}");
    }
}

#[test]
fn only_tools_decide_whether_a_server_is_ready_and_the_rest_is_waited_for_a_moment() {
    let mut now = Instant::now();
    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    for subject in [Subject::Prompt, Subject::Resource] {
        let actions = control.answered(Purpose::List(subject), refused(-32603), now);
        assert_eq!(told(&actions), (vec![], false), "no reason to give up");
    }
    control.answered(Purpose::List(Subject::Tool), empty(Subject::Tool), now);
    let due = control.due().expect("templates are not waited for without end");
    assert_eq!(due, now + BESIDE);
    assert_eq!(control.hurry().len(), 1, "nor when there is no time at all");
    now = due;
    // what comes later is published when it comes; -32601 says that there are no templates
    let actions = control.answered(Purpose::List(Subject::Template), refused(-32601), now);
    assert_eq!(told(&actions), (vec![], true));
    let due = control.due().expect("what failed is tried again");
    assert_eq!(told(&control.act_if_due(due)), (vec!["prompts/list", "resources/list"], false));

    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    let actions = control.answered(Purpose::List(Subject::Tool), refused(-32601), now);
    assert!(matches!(actions.as_slice(), [Action::GiveUp(_)]));
}

#[test]
fn a_change_lists_its_own_kind_again_and_nothing_that_was_not_declared() {
    let now = Instant::now();
    let mut control = legacy(None, None);
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    for subject in Subject::ALL {
        control.answered(Purpose::List(subject), empty(subject), now);
    }
    let later = now + SPACING;
    for (notification, lists) in [
        ("notifications/prompts/list_changed", &["prompts/list"][..]),
        ("notifications/resources/list_changed", &["resources/list", "resources/templates/list"]),
        ("notifications/other", &[]),
    ] {
        assert_eq!(told(&control.list_changed(notification, later)).0, lists);
    }
    let mut control = ready(now);
    for list in ["prompts", "resources"] {
        let notification = format!("notifications/{list}/list_changed");
        assert_eq!(control.list_changed(&notification, later), []);
    }
}

#[test]
fn what_cannot_be_listed_at_first_is_as_it_was_remembered() {
    let now = Instant::now();
    let mut remembered = Manifest::of(&Bytes::from_static(WITH_ALL)).expect("good");
    for subject in Subject::ALL {
        let array = format!(r#"[{{"{}":"old:1"}}]"#, subject.key());
        remembered.items[subject] = Item::list(subject, &array.into()).expect("an array");
    }
    let mut control = legacy(None, Some(Arc::new(remembered)));
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    control.answered(Purpose::List(Subject::Tool), empty(Subject::Tool), now);
    control.answered(Purpose::List(Subject::Resource), empty(Subject::Resource), now);
    control.answered(Purpose::List(Subject::Template), empty(Subject::Template), now);
    let actions = control.answered(Purpose::List(Subject::Prompt), refused(-32603), now);
    let [Action::Publish(manifest)] = actions.as_slice() else { panic!("{actions:?}") };
    let counts = Subject::ALL.map(|subject| manifest.items[subject].len());
    assert_eq!(counts, [0, 1, 0, 0]);
}

const DISCOVERED: &[u8] = br#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"logging":{}},"resultType":"complete"}"#;

/// What `_meta` of our requests says.
fn meta(params: &str) -> serde_json::Value {
    let params: serde_json::Value = serde_json::from_str(params).expect("JSON");
    params["_meta"].clone()
}

#[test]
fn a_modern_server_is_asked_with_all_that_a_request_needs_and_never_for_a_log_level() {
    let now = Instant::now();
    let mut control = Control::new(Some(LogLevel::Error), None, guess(Purpose::Discover));
    let Action::Request(Purpose::Discover, params) = control.begin(now) else { panic!() };
    assert_eq!(meta(&params)["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    let abilities = &meta(&params)["io.modelcontextprotocol/clientCapabilities"];
    for ability in ["roots", "sampling", "elicitation"] {
        assert!(abilities[ability].is_object(), "{abilities}");
    }
    let actions = control.answered(Purpose::Discover, ok(DISCOVERED), now);
    let [Action::Established(Era::Modern), Action::Request(Purpose::List(Subject::Tool), params)] =
        actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    assert_eq!(meta(params)["io.modelcontextprotocol/clientInfo"]["name"], "mcpvisor");
    assert_eq!(control.level(Some(LogLevel::Debug)), []);

    let page = ok(br#"{"tools":[],"nextCursor":"x","ttlMs":9000,"cacheScope":"public"}"#);
    let actions = control.answered(Purpose::List(Subject::Tool), page, now);
    let [Action::Request(_, params)] = actions.as_slice() else { panic!("{actions:?}") };
    assert!(params.ends_with(r#","cursor":"x"}"#) && meta(params).is_object(), "{params}");
    let page = ok(br#"{"tools":[],"ttlMs":5000,"cacheScope":"private"}"#);
    let actions = control.answered(Purpose::List(Subject::Tool), page, now);
    let [Action::Publish(manifest)] = actions.as_slice() else { panic!("{actions:?}") };
    let hints = manifest.hints[Subject::Tool].expect("both pages said so");
    assert_eq!(hints.members(), r#""ttlMs":5000,"cacheScope":"private""#);
    assert_eq!(manifest.era, Era::Modern);
}

#[test]
fn over_http_a_tool_with_a_bad_annotation_is_not_listed_and_a_good_one_is_kept() {
    let now = Instant::now();
    for (carriage, first, answer, expected) in [
        (Carriage::Posts, Purpose::Discover, DISCOVERED, &["good"][..]),
        (Carriage::Stream, Purpose::Discover, DISCOVERED, &["good", "bad"]),
        (Carriage::Posts, Purpose::Initialize, WITH_TOOLS, &["good", "bad"]),
    ] {
        let mut control = Control::new(None, None, Guess { carriage, ..guess(first) });
        control.answered(first, ok(answer), now);
        let tools = ok(
            br#"{"tools":[{"name":"good","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}},{"name":"bad","inputSchema":{"properties":{"a":{"type":"object","x-mcp-header":"A"}}}}]}"#,
        );
        let actions = control.answered(Purpose::List(Subject::Tool), tools, now);
        let [Action::Publish(manifest)] = actions.as_slice() else { panic!("{actions:?}") };
        let names: Vec<_> =
            manifest.items[Subject::Tool].iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, expected);
        let kept = control.annotations("good").is_some();
        assert_eq!(kept, expected.len() == 1, "only where headers are sent");
    }
}
