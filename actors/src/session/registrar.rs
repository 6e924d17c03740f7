//! The registrar actor: carries what is to be remembered of the sessions to the disk.

use super::records::Records;
use crate::otp::Timer;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::time::Duration;
use tokio::task::JoinSet;

/// A process killed without warning loses what happened within this time, at most.
const EVERY: Duration = Duration::from_secs(1);

/// What the registrar hears.
#[derive(Debug)]
pub(crate) enum Message {
    /// Time to write what changed.
    SaveDue,
}

/// The registrar actor. It owns nothing: nobody notices its death, the next one goes on where it ended.
#[derive(Debug)]
pub(crate) struct Registrar;

/// A running registrar.
pub(crate) struct State {
    records: Records,
    saves: JoinSet<()>,
    timer: Option<Timer>,
}

fn next(me: &ActorRef<Message>) -> Timer {
    me.send_after(EVERY, || Message::SaveDue).into()
}

impl Actor for Registrar {
    type Msg = Message;
    type State = State;
    type Arguments = Records;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        records: Records,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { records, saves: JoinSet::new(), timer: Some(next(&me)) })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::SaveDue => {
                while state.saves.try_join_next().is_some() {}
                if state.saves.is_empty() {
                    let records = state.records.clone();
                    state.saves.spawn_blocking(move || records.write());
                }
                state.timer = Some(next(&me));
            }
        }
        Ok(())
    }
}
