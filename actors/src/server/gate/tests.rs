//! Who passes, who does not, and who hears of a slot that came back.

use super::*;
use ractor::{Actor, ActorProcessingErr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// An actor that tells of each slot it hears of.
struct Listener;

impl Actor for Listener {
    type Msg = Message;
    type State = tokio::sync::mpsc::UnboundedSender<Generation>;
    type Arguments = Self::State;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        heard: Self::State,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(heard)
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        heard: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        if let Message::SlotFreed(generation) = message {
            heard.send(generation)?;
        }
        Ok(())
    }
}

/// A gate with so many slots, of a connection that just began, and what its actor hears.
async fn served(most: usize) -> (Gate, Generation, UnboundedReceiver<Generation>) {
    let (sender, heard) = unbounded_channel();
    let (actor, _task) = Actor::spawn(None, Listener, sender).await.unwrap();
    let (gate, generation) = (Gate::new(most), Generation::next());
    gate.serve(generation, actor);
    (gate, generation, heard)
}

fn way() -> (Way, impl Sized) {
    let (link, driver) = Link::to_nobody();
    let vitals = Arc::new(Vitals::new(tokio::time::Instant::now()));
    (Way { link, vitals, breaker: BreakerPolicy::default() }, driver)
}

#[tokio::test]
async fn calls_pass_as_long_as_there_are_slots() {
    let (gate, _, _heard) = served(2).await;
    assert!(gate.take_open().is_none(), "it was not opened yet");
    drop(Detour(gate.clone()));
    let (way, _driver) = way();
    gate.open(way);
    let passed: Vec<_> = (0..2).map(|_| gate.take_open().map(|(_, slot)| slot)).collect();
    assert!(passed.iter().all(Option::is_some));
    assert_eq!(gate.in_flight(), 2);
    assert!(gate.take_open().is_none());
    drop(Detour(gate.clone()));
    drop(passed);
    assert_eq!(gate.in_flight(), 0);
    assert!(gate.take_open().is_some());
}

#[tokio::test]
async fn no_call_passes_while_another_one_is_on_its_way_to_the_actor() {
    let (gate, _, _heard) = served(8).await;
    assert!(gate.take_open().is_none());
    let on_its_way = Detour(gate.clone());
    let (way, _driver) = way();
    gate.open(way);
    assert!(gate.take_open().is_none());
    let second = Detour(gate.clone());
    drop(on_its_way);
    assert!(gate.take_open().is_none());
    drop(Detour(gate.clone()));
    drop(second);
    assert!(gate.take_open().is_some());
}

#[tokio::test]
async fn no_call_passes_to_a_connection_whose_driver_is_gone() {
    let (gate, _, _heard) = served(8).await;
    let (way, driver) = way();
    gate.open(way);
    drop(driver);
    assert!(gate.take_open().is_none());
}

#[tokio::test]
async fn the_actor_hears_of_slots_as_long_as_calls_wait_for_them() {
    let (gate, generation, mut heard) = served(1).await;
    let slot = gate.take();
    assert!(slot.is_some() && gate.take().is_none());
    drop(slot);
    assert_eq!(heard.recv().await, Some(generation));
    let (way, _driver) = way();
    gate.open(way);
    drop(gate.take()); // nobody waits: nobody is told
    let slot = gate.take();
    assert!(gate.take().is_none()); // somebody waits from here on
    drop(slot);
    assert_eq!(heard.recv().await, Some(generation));
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn slots_of_an_earlier_connection_count_for_nothing() {
    let (gate, _, mut heard) = served(1).await;
    let earlier = gate.take();
    gate.end();
    assert!(gate.take().is_none() && gate.in_flight() == 0);
    let (sender, mut of_next) = unbounded_channel();
    let (actor, _task) = Actor::spawn(None, Listener, sender).await.unwrap();
    let next = Generation::next();
    gate.serve(next, actor);
    let slot = gate.take();
    assert!(slot.is_some());
    drop(earlier);
    assert_eq!(gate.in_flight(), 1);
    assert!(heard.try_recv().is_err());
    drop(slot);
    assert_eq!(of_next.recv().await, Some(next));
}
