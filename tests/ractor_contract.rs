//! What mcpvisor relies on in ractor, one behaviour a test: an upgrade of it is a red or green
//! question.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use ractor::{
    Actor, ActorCell, ActorProcessingErr, ActorRef, MessagingErr, SpawnErr, SupervisionEvent,
};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// In virtual time: long, and over at once.
const HOUR: Duration = Duration::from_secs(3600);

/// Tells when it is dropped.
#[derive(Debug)]
struct Token(&'static str, UnboundedSender<&'static str>);

impl Drop for Token {
    fn drop(&mut self) {
        let _nobody_listens = self.1.send(self.0);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a typed error")]
struct Typed;

#[derive(Debug)]
enum Order {
    Panic,
    Fail,
    /// Says so and never returns.
    Busy,
    /// Says so.
    Speak,
    Keep(Token),
}

/// The actor that is watched.
struct Probe;

#[derive(Clone)]
struct Plan {
    trace: UnboundedSender<&'static str>,
    start_fails: bool,
    stopping: Duration,
}

struct State {
    plan: Plan,
    tasks: JoinSet<()>,
}

impl Actor for Probe {
    type Msg = Order;
    type State = State;
    type Arguments = Plan;
    async fn pre_start(&self, _: ActorRef<Order>, plan: Plan) -> Result<State, ActorProcessingErr> {
        if plan.start_fails {
            return Err(Box::new(Typed));
        }
        let mut tasks = JoinSet::new();
        let token = Token("task dropped", plan.trace.clone());
        tasks.spawn(async move {
            let _held = token;
            std::future::pending::<()>().await;
        });
        Ok(State { plan, tasks })
    }
    async fn handle(
        &self,
        _: ActorRef<Order>,
        order: Order,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match order {
            Order::Panic => panic!("told to panic"),
            Order::Fail => return Err(Box::new(Typed)),
            Order::Busy => {
                state.plan.trace.send("busy")?;
                std::future::pending::<()>().await;
            }
            Order::Speak => state.plan.trace.send("spoken")?,
            Order::Keep(token) => drop(token),
        }
        Ok(())
    }
    async fn post_stop(
        &self,
        _: ActorRef<Order>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        assert!(!state.tasks.is_empty(), "tasks are there until the state is dropped");
        tokio::time::sleep(state.plan.stopping).await;
        state.plan.trace.send("post_stop")?;
        Ok(())
    }
}

/// A supervisor that hands all events to the test.
struct Watcher;

impl Actor for Watcher {
    type Msg = ();
    type State = UnboundedSender<SupervisionEvent>;
    type Arguments = UnboundedSender<SupervisionEvent>;
    async fn pre_start(
        &self,
        _: ActorRef<()>,
        events: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(events)
    }
    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        events: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        if !matches!(event, SupervisionEvent::ActorStarted(_)) {
            let _nobody_listens = events.send(event);
        }
        Ok(())
    }
}

/// A probe under a watcher.
struct Stage {
    watcher: ActorCell,
    probe: ActorRef<Order>,
    trace: UnboundedReceiver<&'static str>,
    plan: Plan,
    events: UnboundedReceiver<SupervisionEvent>,
}

impl Stage {
    async fn set() -> Self {
        Self::stopping_in(Duration::ZERO).await
    }

    async fn stopping_in(stopping: Duration) -> Self {
        let (sender, events) = unbounded_channel();
        let (watcher, _) = Actor::spawn(None, Watcher, sender).await.unwrap();
        let (trace_sender, trace) = unbounded_channel();
        let plan = Plan { trace: trace_sender, start_fails: false, stopping };
        let watcher = watcher.get_cell();
        let probe = Actor::spawn_linked(None, Probe, plan.clone(), watcher.clone());
        let (probe, _) = probe.await.unwrap();
        Self { watcher, probe, trace, plan, events }
    }

    async fn event(&mut self) -> SupervisionEvent {
        timeout(HOUR, self.events.recv()).await.expect("an event").expect("a watcher")
    }

    async fn hear(&mut self) -> &'static str {
        timeout(HOUR, self.trace.recv()).await.expect("a word").expect("a trace")
    }

    async fn is_silent(&mut self) -> bool {
        timeout(HOUR, self.trace.recv()).await.is_err()
    }

    fn tell(&self, order: Order) {
        self.probe.send_message(order).unwrap();
    }

    fn token(&self, name: &'static str) -> Token {
        Token(name, self.plan.trace.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_ends_kills_its_children_without_their_post_stop() {
    let mut stage = Stage::set().await;
    stage.watcher.stop(None);
    timeout(HOUR, stage.probe.get_cell().wait(None)).await.unwrap().unwrap();
    assert_eq!(stage.hear().await, "task dropped");
    assert!(stage.is_silent().await);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_event_of_failure_with_its_text() {
    let mut stage = Stage::set().await;
    stage.tell(Order::Panic);
    match stage.event().await {
        SupervisionEvent::ActorFailed(cell, error) => {
            assert_eq!(cell.get_id(), stage.probe.get_id());
            assert!(error.to_string().contains("told to panic"), "{error}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_is_an_event_of_failure_and_keeps_its_type() {
    let mut stage = Stage::set().await;
    stage.tell(Order::Fail);
    match stage.event().await {
        SupervisionEvent::ActorFailed(_, error) => assert!(error.downcast_ref::<Typed>().is_some()),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_a_termination_with_the_state_and_its_reason() {
    for reason in [None, Some("enough".to_owned())] {
        let mut stage = Stage::set().await;
        stage.probe.get_cell().stop(reason.clone());
        match stage.event().await {
            SupervisionEvent::ActorTerminated(_, state, told) => {
                assert!(state.is_some());
                assert_eq!(told, reason);
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_a_termination_whose_reason_is_killed() {
    let mut stage = Stage::set().await;
    stage.probe.get_cell().kill();
    match stage.event().await {
        SupervisionEvent::ActorTerminated(_, _, told) => {
            assert_eq!(told.as_deref(), Some("killed"));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_pre_start_is_told_to_the_spawner_and_to_nobody_else() {
    let mut stage = Stage::set().await;
    let plan = Plan { start_fails: true, ..stage.plan.clone() };
    let spawned = Actor::spawn_linked(None, Probe, plan, stage.watcher.clone()).await;
    assert!(matches!(spawned, Err(SpawnErr::StartupFailed(_))));
    assert!(timeout(HOUR, stage.events.recv()).await.is_err(), "no event");
    assert_eq!(stage.watcher.get_children().len(), 1, "not linked");
}

#[tokio::test(start_paused = true)]
async fn a_message_to_a_dead_actor_comes_back() {
    let stage = Stage::set().await;
    stage.probe.get_cell().stop(None);
    stage.probe.get_cell().wait(None).await.unwrap();
    match stage.probe.send_message(Order::Keep(stage.token("mine"))) {
        Err(MessagingErr::SendErr(Order::Keep(token))) => assert_eq!(token.0, "mine"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_actor_or_with_its_time_and_may_be_repeated() {
    let stage = Stage::stopping_in(Duration::from_secs(10)).await;
    let (cell, begun) = (stage.probe.get_cell(), Instant::now());
    cell.stop(None);
    assert!(cell.wait(Some(Duration::from_secs(3))).await.is_err());
    assert_eq!(begun.elapsed().as_secs(), 3);
    cell.wait(Some(HOUR)).await.expect("it stops");
    assert_eq!(begun.elapsed().as_secs(), 10);
    cell.wait(None).await.expect("it has stopped long ago");
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_stop_runs_post_stop_and_a_kill_does_not() {
    let mut stage = Stage::set().await;
    stage.probe.get_cell().stop(None);
    assert_eq!(stage.hear().await, "post_stop");
    let mut stage = Stage::set().await;
    stage.probe.get_cell().kill();
    drop(stage.event().await);
    assert_eq!(stage.hear().await, "task dropped");
    assert!(stage.is_silent().await);
}

#[tokio::test(start_paused = true)]
async fn a_kill_ends_post_stop_and_a_handler_where_they_wait() {
    let mut stage = Stage::stopping_in(HOUR * 100).await;
    stage.probe.get_cell().stop(None);
    assert!(stage.probe.get_cell().wait(Some(HOUR)).await.is_err());
    stage.probe.get_cell().kill();
    stage.probe.get_cell().wait(Some(HOUR)).await.expect("killed in post_stop");
    drop(stage.event().await);
    let mut stage = Stage::set().await;
    stage.tell(Order::Busy);
    assert_eq!(stage.hear().await, "busy");
    stage.probe.get_cell().kill();
    stage.probe.get_cell().wait(Some(HOUR)).await.expect("killed in a handler");
}

#[tokio::test(start_paused = true)]
async fn the_state_travels_in_the_event_and_its_tasks_live_until_that_is_dropped() {
    let mut stage = Stage::set().await;
    stage.tell(Order::Speak); // killed before its first message, it has no state to hand on
    assert_eq!(stage.hear().await, "spoken");
    stage.probe.get_cell().kill();
    let event = stage.event().await;
    assert!(stage.is_silent().await, "the actor is gone, its tasks are not");
    drop(event);
    assert_eq!(stage.hear().await, "task dropped");
}

#[tokio::test(start_paused = true)]
async fn a_failure_drops_the_state_at_once() {
    let mut stage = Stage::set().await;
    stage.tell(Order::Fail);
    assert_eq!(stage.hear().await, "task dropped");
}

#[tokio::test(start_paused = true)]
async fn a_stop_overtakes_queued_messages_and_they_are_dropped() {
    let mut stage = Stage::set().await;
    // nothing runs between these two: one thread, no await
    stage.tell(Order::Speak);
    stage.tell(Order::Keep(stage.token("message dropped")));
    stage.probe.get_cell().stop(None);
    assert_eq!(stage.hear().await, "post_stop", "nothing was spoken");
    drop(stage.event().await);
    let rest = [stage.hear().await, stage.hear().await];
    assert!(rest.contains(&"message dropped"), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kill_drops_the_messages_in_the_queue() {
    let mut stage = Stage::set().await;
    stage.tell(Order::Busy);
    stage.tell(Order::Keep(stage.token("message dropped")));
    assert_eq!(stage.hear().await, "busy");
    stage.probe.get_cell().kill();
    assert_eq!(stage.hear().await, "message dropped");
}

#[tokio::test(start_paused = true)]
async fn send_after_runs_in_virtual_time_and_outlives_its_handle() {
    let mut stage = Stage::set().await;
    let begun = Instant::now();
    drop(stage.probe.send_after(Duration::from_secs(1800), || Order::Speak));
    assert_eq!(stage.hear().await, "spoken");
    assert_eq!(begun.elapsed().as_secs(), 1800);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_knows_its_living_children() {
    let mut stage = Stage::set().await;
    let children = stage.watcher.get_children();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].get_id(), stage.probe.get_id());
    stage.probe.get_cell().stop(None);
    stage.event().await;
    assert!(stage.watcher.get_children().is_empty());
}
