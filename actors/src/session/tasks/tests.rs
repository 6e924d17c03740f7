//! Whose tasks are found, by whom, and for how long.

use super::*;
use crate::bridge::ParamHeaders;
use crate::catalog::{Capabilities, Groups, Naming, Selector, Views};
use crate::otp::Address;
use crate::server::Gate;
use ractor::{Actor, ActorProcessingErr};

/// An actor that is only there.
struct Idle;

impl Actor for Idle {
    type Msg = server::Message;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: Runner, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn runner() -> Runner {
    Actor::spawn(None, Idle, ()).await.expect("it starts").0
}

/// A client that sees every server.
fn client(session: &str) -> Client {
    let views = Views::new(Naming::default(), Arc::default(), Groups::default());
    Client::new(session.into(), views.whole().clone())
}

fn route(server: &str) -> Route {
    Route {
        server: ServerName::new(server),
        address: Address::new(),
        gate: Gate::new(8),
        capabilities: Capabilities::default(),
        own: "tool".into(),
        headers: ParamHeaders::default(),
    }
}

fn new(id: &str) -> NewTask<'_> {
    NewTask { id, said: Bytes::from_static(b"{}"), progress: None }
}

fn at<'a>(at: &'a Runner, server: &str, own: Option<&'a Whose>) -> Speaker<'a> {
    Speaker { server: ServerName::new(server), at, own }
}

#[tokio::test]
async fn a_session_finds_its_own_tasks_until_it_ends() {
    let (tasks, one, two, s) = (Tasks::default(), client("1"), client("2"), runner().await);
    for (client, id) in [(&one, "b"), (&two, "x"), (&one, "a")] {
        assert_eq!(tasks.made(client, &route("s"), &s, new(id)), Ok(()));
    }
    assert_eq!(tasks.made(&one, &route("t"), &s, new("a")), Err(Taken));
    assert_eq!(&*tasks.route(&one, "a").expect("its own").own, "a");
    assert!(tasks.route(&two, "a").is_none() && tasks.route(&one, "c").is_none());
    tasks.told(&at(&s, "s", None), "b", Bytes::from_static(b"{1}"));
    assert_eq!(tasks.told(&at(&s, "t", None), "a", Bytes::from_static(b"{2}")), None);
    assert_eq!(tasks.list("1"), ["{1}", "{}"]);
    assert_eq!(tasks.session(&at(&s, "s", None), "x").as_deref(), Some("2"));
    tasks.leave("1");
    assert!(tasks.list("1").is_empty() && tasks.route(&two, "x").is_some());
}

#[tokio::test]
async fn tasks_of_the_same_id_are_told_apart_by_session_and_connection() {
    let (tasks, one, two) = (Tasks::default(), client("1"), client("2"));
    let (shared, of_one, of_two) = (runner().await, runner().await, runner().await);
    assert_eq!(tasks.made(&one, &route("s"), &of_one, new("1")), Ok(()));
    assert_eq!(tasks.made(&two, &route("s"), &of_two, new("1")), Ok(()));
    assert_eq!(tasks.made(&client("3"), &route("t"), &shared, new("1")), Ok(()));
    let whose = |session: &str| Whose::Session(session.into());
    for (speaker, own, found) in [
        (&of_one, Some(whose("1")), Some("1")),
        (&of_two, Some(whose("2")), Some("2")),
        (&of_two, Some(whose("1")), None),
        (&of_one, Some(Whose::Stateless(0)), None),
        (&shared, None, None),
    ] {
        let session = tasks.session(&at(speaker, "s", own.as_ref()), "1");
        assert_eq!(session.as_deref(), found, "{own:?}");
    }
    assert_eq!(tasks.runner(&two, "1").expect("it lives").get_id(), of_two.get_id());
    of_two.stop_and_wait(None, None).await.expect("it stops");
    assert!(tasks.runner(&two, "1").is_none() && tasks.route(&two, "1").is_some());
    assert_eq!(tasks.session(&at(&shared, "s", None), "1").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_task_is_open_until_its_server_says_that_it_is_done() {
    let (tasks, client, s) = (Tasks::default(), client("1"), runner().await);
    let number = (Generation::next(), 7);
    let progress = Some((number, Bytes::from_static(b"\"p\"")));
    let made = NewTask { progress, ..new("a") };
    assert_eq!(tasks.made(&client, &route("s"), &s, made), Ok(()));
    let token = Some((Arc::clone(&client.session), Bytes::from_static(b"\"p\"")));
    assert_eq!((tasks.any_at(&s), tasks.progress(number)), (true, token));
    assert!(tasks.progress((Generation::next(), 7)).is_none());
    tasks.answered(&client, "a", Bytes::from_static(br#"{"status":"completed"}"#));
    assert_eq!((tasks.any_at(&s), tasks.progress(number)), (false, None));
}

#[tokio::test]
async fn the_oldest_tasks_are_forgotten_first() {
    let (tasks, client, s) = (Tasks::default(), client("1"), runner().await);
    for number in 0..=MOST {
        assert!(tasks.made(&client, &route("s"), &s, new(&number.to_string())).is_ok());
    }
    assert!(tasks.route(&client, "0").is_none() && tasks.route(&client, "1").is_some());
}

#[tokio::test]
async fn a_stateless_client_finds_no_task_of_a_server_it_does_not_see() {
    let (tasks, all, s) = (Tasks::default(), client(""), runner().await);
    assert_eq!(tasks.made(&all, &route("s"), &s, new("a")), Ok(()));
    let groups = Groups::from([("g".into(), Arc::default())]);
    let views = Views::new(Naming::default(), Arc::default(), groups);
    let nothing = views.open(&Selector::Group("g".into())).expect("a group");
    let none = Client::new("".into(), nothing);
    assert!(tasks.route(&none, "a").is_none() && tasks.route(&all, "a").is_some());
}
