//! One POST and what comes back.

use crate::downstream::http::body::{self, BodyFault};
use crate::downstream::http::classify::Verdict;
use crate::downstream::http::events::{EventDecoder, Item};
use crate::downstream::http::remote::{Remote, content_type, is_event_stream};
use crate::downstream::http::reports::Reports;
use crate::downstream::http::response::Response;
use crate::downstream::http::stream::EventStream;
use bytes::Bytes;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::server::{Loss, Outbound};
use mcpvisor_actors::wire::{Payload, WireError};
use std::sync::Arc;
use std::time::Duration;

/// How often a broken response stream is taken up again without anything new on it.
const MAX_RESUMES: u32 = 3;
/// Bounds of the wait before that, and the wait when the server names none.
const RESUME_WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
const RESUME_WAIT_DEFAULT: Duration = Duration::from_secs(1);
/// How long a response stream may stay open after the answer before its connection is given up.
const AFTER_ANSWER: Duration = Duration::from_secs(1);

/// A request and its answer.
pub(super) struct Exchange {
    remote: Arc<Remote>,
    reports: Reports,
    id: u64,
    initialize: bool,
    /// Of 2026-07-28: without a session, and a stream that broke is not taken up again.
    headers: Vec<(String, String)>,
    /// The trace it belongs to.
    trace: Option<TraceContext>,
}

/// How the reading of one response stream ended.
enum End {
    /// The answer came.
    Answered,
    /// The stream ended without it; whether anything new was on it, and why it ended.
    Cut { news: bool, verdict: Verdict },
    /// It cannot come any more.
    Broken(Verdict),
}

impl Exchange {
    /// The request `id`; nothing is sent yet.
    pub(super) fn new(remote: Arc<Remote>, reports: Reports, id: u64, initialize: bool) -> Self {
        Self { remote, reports, id, initialize, headers: Vec::new(), trace: None }
    }

    /// The same with headers of its own.
    pub(super) fn with(self, headers: Vec<(String, String)>) -> Self {
        Self { headers, ..self }
    }

    /// The same as part of a trace.
    pub(super) fn within(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    fn is_stateless(&self) -> bool {
        !self.headers.is_empty()
    }

    /// Sends the request and reports everything up to its answer, or its failure.
    ///
    /// What is not an answer at once is in boxes, so that those many that are take little room.
    pub(super) async fn run(self, payload: Payload) {
        if let Err(verdict) = self.attempt(payload).await {
            Box::pin(self.reports.failed(Some(self.id), verdict)).await;
        }
    }

    async fn attempt(&self, payload: Payload) -> Result<(), Verdict> {
        let remote = &self.remote;
        let in_session = remote.in_session() && !self.is_stateless();
        let response = {
            let post = remote.post(remote.url(), &payload, &self.headers, self.trace.as_ref());
            drop(payload);
            remote.send(post).await?
        };
        if !response.status().is_success() {
            let body = Box::pin(remote.refusal(response, true, in_session)).await?;
            return self.answer(&body).await;
        }
        if self.initialize {
            remote.keep_session(&response);
        }
        if is_event_stream(&response) {
            Box::pin(self.events(response)).await
        } else {
            self.body(response).await
        }
    }

    /// The answer is the whole body.
    async fn body(&self, mut response: Response) -> Result<(), Verdict> {
        let body = match body::read(&mut response, self.remote.limits.max_bytes).await {
            Ok(body) => body,
            Err(BodyFault::TooLarge(start)) => {
                let fault = Box::pin(self.reports.too_large(&start, Some(self.id))).await;
                return Err(unreadable(&fault));
            }
            Err(BodyFault::Broken(error)) => return Err(self.remote.fault(error)),
        };
        if body.trim_ascii().is_empty() {
            let status = response.status().as_u16();
            return Err(Verdict::protocol(format!("HTTP status {status} without an answer")));
        }
        let kind = content_type(&response);
        if matches!(kind, "text/html" | "application/xhtml+xml") {
            return Err(Verdict::protocol("a web page came as the answer; check `url`"));
        }
        self.answer(&body).await
    }

    /// Reports what a body holds, which must be the answer or a batch with it.
    async fn answer(&self, body: &Bytes) -> Result<(), Verdict> {
        let limits = self.remote.limits;
        let messages = body::messages(body, limits).map_err(Verdict::sent)?;
        if let [Ok(message)] = &messages[..] {
            let message = body::adopt(message.clone(), self.id, limits);
            let answered = body::answers(&message, self.id);
            self.reports.message(message, Some(self.id)).await;
            return if answered { Ok(()) } else { Err(Verdict::missing()) };
        }
        let heard = Box::pin(self.reports.data(body, Some(self.id)));
        let heard = heard.await.map_err(Verdict::sent)?;
        match heard.fault {
            _ if heard.answered => Ok(()),
            Some(fault) => Err(unreadable(&fault)),
            None => Err(Verdict::missing()),
        }
    }

    /// The answer comes in an event stream, which may break and be taken up again.
    async fn events(&self, mut response: Response) -> Result<(), Verdict> {
        let mut decoder = EventDecoder::new(self.remote.limits.max_bytes);
        let mut resumes = 0;
        loop {
            let mut stream = EventStream::new(response, &mut decoder);
            let verdict = match self.read(&mut stream).await {
                End::Answered => {
                    let _cut = tokio::time::timeout(AFTER_ANSWER, stream.drain()).await;
                    return Ok(());
                }
                End::Broken(verdict) => return Err(verdict),
                End::Cut { news, verdict } => {
                    resumes = if news { 0 } else { resumes };
                    verdict
                }
            };
            drop(stream);
            response = match self.resume(&decoder, &mut resumes).await {
                Some(response) => response,
                None => return Err(verdict),
            };
        }
    }

    async fn read(&self, stream: &mut EventStream<'_>) -> End {
        let before = stream.last_id().map(str::to_owned);
        let mut heard_any = false;
        let mut fault = None;
        let verdict = loop {
            match stream.next(&self.remote).await {
                Ok(Some(Item::Event(event))) if event.is_message() => {
                    let heard = match self.reports.data(&event.data, Some(self.id)).await {
                        Ok(heard) => heard,
                        Err(loss) => return End::Broken(Verdict::sent(loss)),
                    };
                    if heard.answered {
                        return End::Answered;
                    }
                    heard_any = true;
                    fault = heard.fault.or(fault);
                }
                Ok(Some(Item::Event(_))) => {}
                Ok(Some(Item::TooLarge(start))) => {
                    let fault = self.reports.too_large(&start, Some(self.id)).await;
                    return End::Broken(unreadable(&fault));
                }
                Ok(None) => break Verdict::sent(Loss::StreamEnded),
                Err(verdict) => break verdict,
            }
        };
        let news = heard_any || stream.last_id() != before.as_deref();
        End::Cut { news, verdict: fault.map_or(verdict, |fault| unreadable(&fault)) }
    }

    /// Takes the stream up after its last event, if it has event ids and its era allows that.
    async fn resume(&self, decoder: &EventDecoder, resumes: &mut u32) -> Option<Response> {
        let last_id = decoder.last_id().filter(|id| !id.is_empty() && !self.is_stateless())?;
        let (shortest, longest) = RESUME_WAIT;
        let wait = decoder.retry().unwrap_or(RESUME_WAIT_DEFAULT).clamp(shortest, longest);
        while *resumes < MAX_RESUMES {
            *resumes += 1;
            tokio::time::sleep(wait).await;
            let opening = self.remote.send(self.remote.get(Some(last_id)));
            match tokio::time::timeout(self.remote.connect_timeout, opening).await {
                Ok(Ok(response))
                    if response.status().is_success() && is_event_stream(&response) =>
                {
                    return Some(response);
                }
                Ok(Ok(response)) if !response.status().is_server_error() => return None,
                _ => {}
            }
        }
        None
    }
}

/// Sends what has no answer: a notification, a cancellation, an answer of ours. Bounded in time,
/// because what comes after may be waiting for it.
pub(super) async fn tell(remote: &Remote, reports: &Reports, frame: &Outbound) {
    let in_session = remote.in_session();
    let sending = async {
        let post = remote.post(remote.url(), &frame.payload, &frame.headers, frame.trace.as_ref());
        let response = remote.send(post).await?;
        if !response.status().is_success() {
            remote.refusal(response, false, in_session).await?;
        }
        Ok::<(), Verdict>(())
    };
    match tokio::time::timeout(remote.connect_timeout, sending).await {
        Ok(Ok(())) => {}
        Ok(Err(verdict)) => {
            let cause = &verdict.loss;
            tracing::debug!(address = remote.address(), %cause, "message not accepted");
            reports.failed(None, verdict).await;
        }
        Err(_) => tracing::debug!(address = remote.address(), "message not acknowledged in time"),
    }
}

fn unreadable(fault: &WireError) -> Verdict {
    Verdict::protocol(format!("the answer cannot be read: {fault}"))
}
