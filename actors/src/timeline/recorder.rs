//! The recorder actor: carries what is new in the timelines to the disk.

use super::{TimelineStore, Timelines};
use crate::otp::Timer;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

/// A process killed without warning loses what happened within this time, at most.
const EVERY: Duration = Duration::from_secs(1);
/// A disk that cannot be written is told of once in this time.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// What the recorder hears.
#[derive(Debug)]
pub enum Message {
    /// Time to write what is new.
    SaveDue,
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// What happened.
    pub timelines: Timelines,
    /// Where it is kept.
    pub store: Arc<dyn TimelineStore>,
}

/// The recorder actor. It owns nothing: nobody notices its death, the next one goes on where it ended.
#[derive(Debug)]
pub struct Recorder;

/// A running recorder.
pub struct State {
    arguments: Arguments,
    saves: JoinSet<io::Result<()>>,
    timer: Option<Timer>,
    told: Option<Instant>,
}

impl Actor for Recorder {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        me.send_message(Message::SaveDue)?;
        Ok(State { arguments, saves: JoinSet::new(), timer: None, told: None })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::SaveDue => {
                state.save();
                state.timer = Some(me.send_after(EVERY, || Message::SaveDue).into());
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.finish().await;
        state.save();
        state.finish().await;
        Ok(())
    }
}

impl State {
    /// Begins to write, unless it still writes or nothing is new.
    fn save(&mut self) {
        while let Some(saved) = self.saves.try_join_next() {
            self.hear(saved);
        }
        if self.saves.is_empty() && self.arguments.timelines.unsaved() {
            let Arguments { timelines, store } = self.arguments.clone();
            self.saves.spawn_blocking(move || timelines.save(&*store));
        }
    }

    async fn finish(&mut self) {
        while let Some(saved) = self.saves.join_next().await {
            self.hear(saved);
        }
    }

    fn hear(&mut self, saved: Result<io::Result<()>, JoinError>) {
        let error = match saved {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(error) => io::Error::other(error),
        };
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_FOR) {
            self.told = Some(Instant::now());
            tracing::warn!(%error, "what happens to the servers cannot be kept on disk; it is tried again, and forgotten if the process ends before");
        }
    }
}

#[cfg(test)]
mod tests;
