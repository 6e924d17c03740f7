//! Changes: what is listened for, and how it is marked.

use super::{META, frame, request, text};
use crate::bridge::{Listen, Supported, subscription_of, untagged};
use crate::wire::{Message, RawId};
use bytes::Bytes;

fn notification(text: &str) -> Message {
    frame(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/{text}}}"#))
}

fn listen() -> Listen {
    let params = format!(
        r#"{{"_meta":{{{META}}},"notifications":{{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["file:///b","file:///a"]}}}}"#
    );
    Listen::of(&request("subscriptions/listen", &params)).expect("a filter")
}

#[test]
fn a_listen_is_acknowledged_with_what_can_be_heard_and_ends_in_good_order() {
    let id = RawId::new(Bytes::from_static(br#""l-\u0031""#)).expect("an id");
    assert_eq!(
        text(&listen().acknowledged(&id).to_bytes()),
        r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"l-\u0031"},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["file:///a","file:///b"]}}}"#
    );
    let supported =
        Supported::of(br#"{"tools":{"listChanged":true},"resources":{"subscribe":false}}"#);
    assert_eq!(listen().honoured(supported).filter(), r#"{"toolsListChanged":true}"#);
    assert!(listen().honoured(Supported::default()).is_empty());
    assert_eq!(
        text(&Listen::ended(&id).to_bytes()),
        r#"{"jsonrpc":"2.0","id":"l-\u0031","result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":"l-\u0031"}}}"#
    );
}

#[test]
fn only_what_was_asked_for_is_heard() {
    for (message, wanted) in [
        (r#"tools/list_changed""#, true),
        (r#"prompts/list_changed""#, false),
        (r#"resources/list_changed""#, false),
        (r#"resources/updated","params":{"uri":"file:///a"}"#, true),
        (r#"resources/updated","params":{"uri":"file:///a/inside"}"#, true),
        (r#"resources/updated","params":{"uri":"file:///another"}"#, false),
        (r#"resources/updated","params":{}"#, false),
        (r#"progress","params":{"progressToken":1}"#, false),
        (r#"message","params":{"level":"info"}"#, false),
    ] {
        assert_eq!(listen().wants(&notification(message)), wanted, "{message}");
    }
}

#[test]
fn a_notification_is_marked_for_a_listen_and_unmarked_for_a_session() {
    let id = RawId::from(4);
    for (plain, tagged) in [
        (
            r#"tools/list_changed""#,
            r#"tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":4}}"#,
        ),
        (
            r#"resources/updated","params":{"uri":"a:b","x": 1.0}"#,
            r#"resources/updated","params":{"uri":"a:b","x": 1.0,"_meta":{"io.modelcontextprotocol/subscriptionId":4}}"#,
        ),
        (
            r#"resources/updated","params":{"_meta":{"a/b":1},"uri":"a:b"}"#,
            r#"resources/updated","params":{"_meta":{"a/b":1,"io.modelcontextprotocol/subscriptionId":4},"uri":"a:b"}"#,
        ),
    ] {
        let (plain, tagged) = (notification(plain), notification(tagged));
        assert_eq!(Listen::tagged(&plain, &id).to_bytes(), tagged.bytes());
        assert_eq!(subscription_of(&tagged), Some(id.clone()));
        let back = tagged.notified(&untagged(&tagged).as_slices()).to_bytes();
        let expected = text(plain.bytes());
        assert_eq!(text(&back).replace(r#","params":{}"#, ""), expected);
        assert!(untagged(&plain).is_empty());
    }
}

#[test]
fn one_listen_serves_all_sessions_and_is_asked_anew_when_it_is_too_narrow() {
    let first = Listen::for_sessions(["a:1".to_owned()]);
    let both = Listen::for_sessions(["a:1".to_owned(), "a:2".to_owned()]);
    assert!(both.covers(&first) && !first.covers(&both) && first.covers(&Listen::default()));
    assert_eq!(
        both.member(),
        r#""notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["a:1","a:2"]}"#
    );
    let supported = Supported::of(br#"{"prompts":{"listChanged":true}}"#);
    assert_eq!(both.honoured(supported).filter(), r#"{"promptsListChanged":true}"#);
}

#[test]
fn a_filter_that_is_none_is_refused() {
    for filter in [
        "",
        r#","notifications":[]"#,
        r#","notifications":{"toolsListChanged":1}"#,
        r#","notifications":{"resourceSubscriptions":[1]}"#,
    ] {
        let message =
            request("subscriptions/listen", &format!(r#"{{"_meta":{{{META}}}{filter}}}"#));
        assert_eq!(Listen::of(&message).expect_err("refused").code(), -32602, "{filter}");
    }
}
