//! Handshake, first listing and later ones, as a pure value with a clock given in.

use super::*;
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
