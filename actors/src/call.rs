//! One request of a client on its way from a client to a server and back.
//!
//! A [`Call`] travels inside a [`Ticket`]: from the session to the proxy, to the server, into its
//! connection's pending table. Whoever holds it answers it, or its ticket does: not sent (then it is
//! routed once more, because that is safe), or outcome unknown (then never).
//!
//! *Invariant:* the client hears exactly one answer, and the last word is never lost in a mailbox.

mod control;
mod failure;
mod last_word;
mod request;

pub use control::{Control, GoneBecause};
pub use failure::{Failure, method_not_allowed};
pub use last_word::LastWord;
pub use request::{Admission, Request};

use crate::bridge::{Fault, Translated};
use crate::observation::{Outcome, Watched};
use crate::otp::{Fate, Promise, Ticket};
use crate::server::CallSlot;
use crate::session::{Client, ClientStream, StreamFull};
use crate::wire::{CallParams, Message, Method, Payload, RawId, Span};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// A call in a mailbox or a pending table.
pub type CallTicket = Ticket<Box<Call>>;

/// Where a call that was certainly not sent goes for its one more try.
pub type Again = Arc<dyn Fn(CallTicket) + Send + Sync>;

/// A client's request to a server: `tools/call` or another one that names something of it.
pub struct Call {
    /// The message as the client sent it.
    pub message: Message,
    /// What it names.
    pub params: CallParams,
    /// Who sent it.
    pub client: Arc<Client>,
    /// How it is given up.
    pub control: Arc<Control>,
    id: RawId,
    stream: ClientStream,
    again: Option<Again>,
    held: Option<Payload>,
    /// The gateway's slot; kept until the answer is written.
    admission: Option<Admission>,
    /// The server's slot; kept until the call is over there.
    slot: Option<CallSlot>,
    watched: Option<Watched>,
}

impl Call {
    /// A call read from a request; `again` is where it goes once if it turns out not to be sent.
    pub fn new(
        request: Request,
        id: RawId,
        params: CallParams,
        client: Arc<Client>,
        control: Arc<Control>,
        again: Again,
    ) -> Self {
        let Request { message, stream, admission, watched } = request;
        Self {
            message,
            params,
            client,
            control,
            id,
            stream,
            again: Some(again),
            held: None,
            admission,
            slot: None,
            watched,
        }
    }

    /// Its id at the client.
    pub fn id(&self) -> &RawId {
        &self.id
    }

    /// Where its progress, log messages and answer go.
    pub(crate) fn stream(&self) -> &ClientStream {
        &self.stream
    }

    /// What is known of it, where somebody looks.
    pub(crate) fn watched(&self) -> Option<&Watched> {
        self.watched.as_ref()
    }

    /// Whether it is routed once more when it turns out not to be sent.
    pub fn goes_again(&self) -> bool {
        self.again.is_some()
    }

    /// Holds a server's slot until the call is over there, however it ends.
    pub fn hold(&mut self, slot: CallSlot) {
        self.slot = Some(slot);
    }

    /// Gives the server's slot back: the call did not get there.
    pub fn release(&mut self) {
        self.slot = None;
    }

    /// Passes a progress message on, in order. When the client does not keep up, only the newest is
    /// held, and delivered before the answer at the latest.
    pub fn progress(&mut self, payload: Payload) {
        if let Err(StreamFull(payload)) = self.stream.notify(payload) {
            self.held = Some(payload);
        } else {
            self.held = None;
        }
    }

    /// Passes a log message on; one that finds the stream full is dropped.
    pub fn log(&self, payload: Payload) {
        let _full = self.stream.notify(payload);
    }

    /// Answers with the server's own response, with these edits in it.
    pub fn answer(self, response: &Message, edits: &[(Span, &[u8])]) {
        let payload = response.with_id(self.id.as_bytes(), edits);
        let outcome = self.outcome(|method| last_word::of_response(method, response));
        self.reply(LastWord { payload, outcome });
    }

    /// What an answer means; it is looked at only when somebody asks.
    fn outcome(&self, of: impl FnOnce(Method) -> Outcome) -> Outcome {
        self.watched.as_ref().map_or(Outcome::Ok, |_| of(self.params.method))
    }

    /// Answers that it is done.
    pub fn done(self) {
        let word = LastWord::result(&self.id, Bytes::from_static(b"{}"));
        self.reply(word);
    }

    /// Answers with a failure of ours.
    pub fn fail(self, failure: &Failure) {
        tracing::debug!(session = %self.client.session, method = self.params.method.as_str(), name = self.params.label(), reason = failure.reason(), "call failed");
        let word = failure.render(&self.id, self.params.method, self.client.era());
        self.reply(word);
    }

    /// Answers that it cannot be carried over between two eras.
    pub fn refuse(self, fault: &Fault) {
        let word = LastWord::fault(&self.id, fault);
        self.reply(word);
    }

    /// Answers with its server's response, carried over to its client's era.
    pub(crate) fn translate(self, response: &Message, translated: &Translated) {
        let payload = translated.payload(response, &self.id);
        let outcome = self.outcome(|method| last_word::of_translated(method, response, translated));
        self.reply(LastWord { payload, outcome });
    }

    /// Ends a call whose client gave it up: nothing is answered.
    pub fn forget(mut self) {
        self.control.finish();
        if let Some(watched) = self.watched.take() {
            watched.over(Outcome::Cancelled, 0);
        }
    }

    /// Answers with this, which bears its id.
    pub(crate) fn reply(mut self, word: LastWord) {
        let LastWord { payload, outcome } = word;
        if let Some(watched) = self.watched.take() {
            let given_up = self.control.is_given_up();
            let outcome = if given_up { Outcome::Cancelled } else { outcome };
            watched.over(outcome, payload.len());
        }
        if let Some(progress) = self.held.take() {
            self.stream.notify_held(progress);
        }
        self.control.finish();
        self.stream.answer(payload, self.admission.take());
    }
}

impl Promise for Box<Call> {
    fn settle(mut self, fate: Fate) {
        match (fate, self.again.take()) {
            (_, _) if self.control.is_given_up() => self.forget(),
            (Fate::NotSent, Some(again)) => {
                self.release();
                if let Some(watched) = &self.watched {
                    watched.again();
                }
                again(Ticket::new(self));
            }
            (Fate::NotSent, None) => self.fail(&Failure::NotSent),
            (Fate::OutcomeUnknown, _) => self.fail(&Failure::RunnerDied),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.params.label()).finish_non_exhaustive()
    }
}
