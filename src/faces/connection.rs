//! One client on one connection of its own: messages come in order, and go out in order.
//!
//! Stdio and WebSocket are such connections; they say how a message is read and written, the rest
//! is here. A connection has one session, and ends it; requests of 2026-07-28 are served beside it, each
//! by itself, in any order.
//!
//! *Invariant:* memory is bounded whatever the client sends and however little it reads: while too
//! much waits to be written nothing more is read.

use super::batch;
use super::outbox::Outbox;
use super::requests::{GivenUp, Requests};
use bytes::Bytes;
use mcpvisor_actors::bridge::{Incoming, RequestMeta};
use mcpvisor_actors::session::{
    Admission, ClientStream, Clients, Outgoing, SessionGone, SessionHandle,
};
use mcpvisor_actors::wire::{
    Batch, Kind, Limits, Message, Payload, RawId, Strictness, WireError, code, error_reply,
};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

const OVERLOADED: &str = "too many requests are in flight; nothing was done, try again soon";
const IN_FLIGHT: &str = "a request with this id is still in flight";
const LOST: &str = "session lost; restart the client";

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The text of a message, presumably.
    Text(Bytes),
    /// Something above the cap, which was thrown away.
    TooLong,
}

/// Where a client's messages come from.
pub(super) trait Input: Send {
    /// Why it cannot be read any more.
    type Error: Send;

    /// The next message. `None` when no more will come, but the client may still listen.
    fn next(&mut self) -> impl Future<Output = Result<Option<Heard>, Self::Error>> + Send;
}

/// Where messages for a client go.
pub(super) trait Output: Send {
    /// Why it cannot be written to any more.
    type Error: Send;

    /// Takes one message.
    fn write(&mut self, message: Payload) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Sends off what it took.
    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Why serving ended with everything answered, or the time for that used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client has nothing more to say.
    Input,
    /// The gateway stops.
    Stopped,
}

/// Why serving ended at once.
#[derive(Debug)]
pub(super) enum Broken<I, O> {
    /// The client cannot be heard any more.
    Input(I),
    /// It cannot be told anything any more.
    Output(O),
}

/// A session and the stream all of its messages go to.
#[derive(Debug)]
pub(super) struct Connection {
    clients: Clients,
    session: Closing,
    stream: ClientStream,
    outbox: Outbox,
    limits: Limits,
    share: Option<Arc<Semaphore>>,
}

/// Closes the session however serving it ends.
#[derive(Debug)]
struct Closing(SessionHandle);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Connection {
    /// Opens a session; `None` when the gateway is stopping or full.
    pub(super) async fn open(clients: Clients, limits: Limits) -> Option<Self> {
        let session = Closing(clients.open().await?);
        let (stream, outbox) = Outbox::of_connection();
        session.0.attach(stream.clone()).map_err(|SessionGone| ()).ok()?;
        Some(Self { clients, session, stream, outbox, limits, share: None })
    }

    /// Lets the client have so many of the gateway's slots at a time.
    #[must_use]
    pub(super) fn sharing(self, requests: usize) -> Self {
        Self { share: Some(Arc::new(Semaphore::new(requests))), ..self }
    }

    /// Tells later whether the session is still there.
    pub(super) fn alive(&self) -> impl Fn() -> bool + Send + use<> {
        let (clients, id) = (self.clients.clone(), self.session.0.id().to_owned());
        move || clients.find(&id).is_some()
    }

    /// Serves until the input ends (or `stop` resolves) and what was asked for is answered (for at
    /// most `drain`), or until either side breaks.
    pub(super) async fn serve<I: Input, O: Output>(
        self,
        input: I,
        output: O,
        drain: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended, Broken<I::Error, O::Error>> {
        let Self { clients, session, stream, outbox, limits, share } = self;
        let requests = Requests::default();
        let _given_up = GivenUp(requests.clone());
        let intake = Intake {
            clients,
            session: session.0.clone(),
            stream,
            limits,
            share,
            requests: requests.clone(),
        };
        let mut writing = pin!(write(&outbox, output));
        let ended = tokio::select! {
            written = &mut writing => return written.map(|()| Ended::Input).map_err(Broken::Output),
            read = intake.run(input, &outbox) => {
                read.map_err(Broken::Input)?;
                Ended::Input
            }
            () = stop => Ended::Stopped,
        };
        // the intake and the session's own stream are gone: the outbox ends with the last call's stream
        requests.wind_up();
        let (elsewhere, _unread) = ClientStream::new();
        let _ended_already = session.0.attach(elsewhere);
        match timeout(drain, writing).await {
            Ok(written) => written.map_err(Broken::Output)?,
            Err(_elapsed) => {
                tracing::warn!("a client's connection ends and its calls did not finish in time");
            }
        }
        Ok(ended)
    }
}

/// Writes until nothing will be sent any more; flushes whenever nothing more waits.
async fn write<O: Output>(outbox: &Outbox, mut output: O) -> Result<(), O::Error> {
    while let Some(Outgoing { payload, held, .. }) = outbox.next().await {
        output.write(payload).await?;
        // before the client can know of it and send the next request
        drop(held);
        if outbox.is_drained() {
            output.flush().await?;
        }
    }
    output.flush().await
}

/// Takes the client's messages in.
struct Intake {
    clients: Clients,
    session: SessionHandle,
    stream: ClientStream,
    limits: Limits,
    share: Option<Arc<Semaphore>>,
    requests: Requests,
}

impl Intake {
    /// Reads to the end of the input; pauses while the client leaves its answers unread.
    async fn run<I: Input>(self, mut input: I, outbox: &Outbox) -> Result<(), I::Error> {
        loop {
            outbox.flowing().await;
            match input.next().await? {
                None => return Ok(()),
                Some(Heard::TooLong) => {
                    self.refuse(&WireError::TooLarge { limit: self.limits.max_bytes });
                }
                Some(Heard::Text(text)) if text.trim_ascii().is_empty() => {}
                Some(Heard::Text(text)) => {
                    match Message::parse(text.clone(), self.limits, Strictness::Strict) {
                        Ok(message) => self.deliver(message),
                        Err(WireError::Batch) if batch::allowed(&self.session) => {
                            self.deliver_batch(&text);
                        }
                        Err(error) => self.refuse(&error),
                    }
                }
            }
        }
    }

    fn deliver(&self, message: Message) {
        match Incoming::of(&message, None) {
            Incoming::Modern(meta) => return self.serve(&meta, message),
            Incoming::Refused(fault) => {
                let id = id_of(&message);
                self.stream.answer(fault.reply(id.as_ref()), None);
                return;
            }
            Incoming::EraFree if self.requests.cancelled(&message) => return,
            Incoming::EraFree | Incoming::Legacy => {}
        }
        let request = id_of(&message);
        let admission = match &request {
            Some(id) => match self.admit() {
                Some(admission) => Some(admission),
                None => return self.error(Some(id), code::OVERLOADED, OVERLOADED),
            },
            None => None,
        };
        let delivered = self.session.deliver(message, admission, self.stream.clone());
        if let (Err(SessionGone), Some(id)) = (delivered, request) {
            self.error(Some(&id), code::NOT_READY, LOST);
        }
    }

    /// Takes in a request of 2026-07-28.
    fn serve(&self, meta: &RequestMeta, message: Message) {
        let Some(id) = id_of(&message) else { return };
        if self.requests.has(&id) {
            return self.error(Some(&id), code::INVALID_REQUEST, IN_FLIGHT);
        }
        let Some(admission) = self.admit() else {
            return self.error(Some(&id), code::OVERLOADED, OVERLOADED);
        };
        let underway = self.clients.serve(meta, message, admission, self.stream.clone());
        self.requests.enter(&id, underway);
    }

    fn deliver_batch(&self, text: &Bytes) {
        let batch = match Batch::parse(text, self.limits) {
            Ok(batch) => batch,
            Err(error) => return self.refuse(&error),
        };
        let Some(admissions) = batch::admit(&batch, || self.admit()) else {
            return self.error(None, code::OVERLOADED, OVERLOADED);
        };
        let connection = self.stream.clone();
        let delivered = batch::deliver_together(batch, &self.session, admissions, connection, None);
        if let Err(SessionGone) = delivered {
            self.error(None, code::NOT_READY, LOST);
        }
    }

    /// Takes one of the gateway's slots, and one of this client's share in them.
    fn admit(&self) -> Option<Admission> {
        let Some(share) = &self.share else { return self.clients.admit() };
        let share = Arc::clone(share).try_acquire_owned().ok()?;
        Some(self.clients.admit()?.and(share))
    }

    fn refuse(&self, error: &WireError) {
        self.error(None, error.code(), &error.to_string());
    }

    fn error(&self, id: Option<&RawId>, code: i32, message: &str) {
        self.stream.answer(error_reply(id, code, message, None), None);
    }
}

/// The id of a request.
fn id_of(message: &Message) -> Option<RawId> {
    match message.kind() {
        Kind::Request { id, .. } => Some(id.clone()),
        Kind::Notification { .. } | Kind::Response { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use tokio::sync::mpsc;

    /// Says what is done to it.
    struct Told(mpsc::UnboundedSender<String>);

    impl Output for Told {
        type Error = Infallible;

        async fn write(&mut self, message: Payload) -> Result<(), Infallible> {
            self.0.send(String::from_utf8_lossy(&message.to_bytes()).into_owned()).unwrap();
            Ok(())
        }

        async fn flush(&mut self) -> Result<(), Infallible> {
            self.0.send("flush".to_owned()).unwrap();
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_together_and_nothing_is_held_back() {
        let (stream, outbox) = Outbox::new();
        let (told, mut heard) = mpsc::unbounded_channel();
        let answer = |text: &'static str| {
            assert!(stream.answer(Bytes::from_static(text.as_bytes()).into(), None));
        };
        answer("1");
        answer("2");
        let writing = tokio::spawn(async move { write(&outbox, Told(told)).await });
        let mut said = Vec::new();
        while said.len() < 3 {
            said.extend(heard.recv().await);
        }
        answer("3");
        drop(stream);
        writing.await.unwrap().unwrap();
        while let Some(next) = heard.recv().await {
            said.push(next);
        }
        assert_eq!(said[..5], ["1", "2", "flush", "3", "flush"]);
    }
}
