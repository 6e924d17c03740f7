//! Handshake, first listing and later ones, as a pure value with a clock given in.

use super::*;
use crate::catalog::Item;
use crate::server::listing::SPACING;

const TOOLS: &str = "notifications/tools/list_changed";

const WITH_TOOLS: &[u8] =
    br#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{},"logging":{}}}"#;

#[expect(clippy::unnecessary_wraps, reason = "the answer of a server, as `answered` takes it")]
fn ok(text: &'static [u8]) -> Result<Bytes, Bytes> {
    Ok(Bytes::from_static(text))
}

fn ready(now: Instant) -> Control {
    let mut control = Control::new(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[{"name":"a"}]}"#), now);
    control
}

#[test]
fn a_server_is_published_after_all_its_pages() {
    let now = Instant::now();
    let mut control = Control::new(Some(LogLevel::Error), None);
    let actions = control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    assert_eq!(
        actions,
        [
            Action::Initialized(ProtocolVersion::V2025_06_18),
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
    let mut control = Control::new(Some(LogLevel::Debug), None);
    let result = ok(br#"{"protocolVersion":"2024-11-05","capabilities":{}}"#);
    let actions = control.answered(Purpose::Initialize, result, now);
    assert!(matches!(actions.as_slice(), [Action::Initialized(_), Action::Publish(_)]));
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
    let due = control.list_due().expect("the last change is not forgotten");
    assert_eq!(control.list_if_due(due).len(), 1);
    assert_eq!(control.list_due(), None);
}

#[test]
fn a_failed_listing_keeps_the_last_good_list_but_the_first_must_succeed() {
    let now = Instant::now();
    let error = || Err(Bytes::from_static(br#"{"code":-1,"message":"no"}"#));
    let mut control = ready(now);
    assert_eq!(control.answered(Purpose::List(Subject::Tool), error(), now), []);

    let mut control = Control::new(None, None);
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
        let next = control.list_due().expect("it is tried again");
        pauses.push(next.duration_since(now).as_secs());
        now = next;
        due = control.list_if_due(now);
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    let again = control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[]}"#), now);
    assert!(matches!(again.as_slice(), [Action::Publish(_)]));
    assert_eq!(control.list_due(), None);
}

#[test]
fn an_empty_list_is_a_good_list() {
    let now = Instant::now();
    let mut control = Control::new(None, None);
    control.answered(Purpose::Initialize, ok(WITH_TOOLS), now);
    control.answered(Purpose::List(Subject::Tool), ok(br#"{"tools":[],"nextCursor":""}"#), now);
    assert_eq!(control.list_changed(TOOLS, now + SPACING).len(), 1);
    assert_eq!(control.answered(Purpose::List(Subject::Tool), Err(Bytes::new()), now), []);
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let now = Instant::now();
    let mut control = Control::new(None, None);
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
    let mut control = Control::new(None, None);
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
    let mut control = Control::new(None, None);
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    for subject in [Subject::Prompt, Subject::Resource] {
        let actions = control.answered(Purpose::List(subject), refused(-32603), now);
        assert_eq!(told(&actions), (vec![], false), "no reason to give up");
    }
    control.answered(Purpose::List(Subject::Tool), empty(Subject::Tool), now);
    let due = control.list_due().expect("templates are not waited for without end");
    assert_eq!(due, now + BESIDE);
    assert_eq!(control.hurry().len(), 1, "nor when there is no time at all");
    now = due;
    // what comes later is published when it comes; -32601 says that there are no templates
    let actions = control.answered(Purpose::List(Subject::Template), refused(-32601), now);
    assert_eq!(told(&actions), (vec![], true));
    let due = control.list_due().expect("what failed is tried again");
    assert_eq!(told(&control.list_if_due(due)), (vec!["prompts/list", "resources/list"], false));

    let mut control = Control::new(None, None);
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    let actions = control.answered(Purpose::List(Subject::Tool), refused(-32601), now);
    assert!(matches!(actions.as_slice(), [Action::GiveUp(_)]));
}

#[test]
fn a_change_lists_its_own_kind_again_and_nothing_that_was_not_declared() {
    let now = Instant::now();
    let mut control = Control::new(None, None);
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
    let mut control = Control::new(None, Some(Arc::new(remembered)));
    control.answered(Purpose::Initialize, ok(WITH_ALL), now);
    control.answered(Purpose::List(Subject::Tool), empty(Subject::Tool), now);
    control.answered(Purpose::List(Subject::Resource), empty(Subject::Resource), now);
    control.answered(Purpose::List(Subject::Template), empty(Subject::Template), now);
    let actions = control.answered(Purpose::List(Subject::Prompt), refused(-32603), now);
    let [Action::Publish(manifest)] = actions.as_slice() else { panic!("{actions:?}") };
    let counts = Subject::ALL.map(|subject| manifest.items[subject].len());
    assert_eq!(counts, [0, 1, 0, 0]);
}
