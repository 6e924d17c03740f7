//! The requests of a recording, sent again in their order; the answers compared with those recorded.
//!
//! *Invariant:* one request at a time, and an end within [`LONGEST`]; what cannot be sent as it was is left
//! out and told, never guessed.

use super::comparison::differences;
use mcpvisor_actors::fleet::{Direction, Frame, FrameKind, RawAnswer, RawFault, RawMessage, Shown};
use mcpvisor_actors::server::Mask;
use serde::Serialize;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use utoipa::ToSchema;

/// Requests that are sent again; those after them are left out.
const MOST: usize = 1_000;
/// How long a replay may take in all; the request it is at then is given up, those after it are left out.
const LONGEST: Duration = Duration::from_secs(600);
/// Bytes of answers that are shown; of those after them only the comparison is.
const SHOWN: usize = 16 * 1024 * 1024;

/// How a recording is replayed.
pub(super) struct Replay {
    pub(super) mask: Mask,
    pub(super) timeout: Duration,
    pub(super) fill_meta: bool,
    /// What of the answers does not count, as JSON pointers.
    pub(super) ignored: Vec<String>,
}

/// What came of a replay.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Replayed)]
pub(super) struct Replayed {
    /// Whether every answer that could be compared was the same, and there was one.
    identical: bool,
    /// The requests, in their order.
    steps: Vec<Step>,
}

/// One request of a replay.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReplayStep)]
struct Step {
    /// The number of its frame in the recording.
    seq: u64,
    /// Its method.
    method: Option<String>,
    /// The request, as it was recorded.
    sent: String,
    /// The answer that was recorded.
    expected: Option<String>,
    /// The answer now, with the id of the one recorded.
    got: Option<String>,
    /// Whether the two are the same; `null` when they could not be compared.
    same: Option<bool>,
    /// Where they differ, as JSON pointers; the first ten.
    differs: Vec<String>,
    /// Why there is nothing to compare.
    why: Option<String>,
    /// From sending it to its answer, in milliseconds.
    took_ms: Option<f64>,
}

/// A request and its answer, as they were recorded.
#[derive(Debug, PartialEq, Eq)]
struct Recorded<'a> {
    request: &'a Arc<Frame>,
    answer: Option<&'a Arc<Frame>>,
}

/// The requests to a server, each with its answer.
fn recorded(frames: &[Arc<Frame>]) -> Vec<Recorded<'_>> {
    let (mut found, mut open) = (Vec::new(), HashMap::new());
    for frame in frames {
        let key = (frame.generation, frame.id.as_deref());
        match (frame.direction, frame.kind) {
            (Direction::Out, FrameKind::Request) => {
                open.insert(key, found.len());
                found.push(Recorded { request: frame, answer: None });
            }
            (Direction::In, FrameKind::Response) => {
                if let Some(index) = open.remove(&key) {
                    found[index].answer = Some(frame);
                }
            }
            _ => {}
        }
    }
    found
}

/// Why a request is not sent again, if it is not.
fn left_out(request: &Frame) -> Option<&'static str> {
    match request.method.as_deref() {
        Some("initialize") => Some("it opens a connection"),
        Some("subscriptions/listen") => Some("it is answered only when the connection ends"),
        Some("resources/unsubscribe" | "logging/setLevel") => {
            Some("it changes what clients share on the connection")
        }
        _ if request.truncated => Some("it is too long: only its beginning was recorded"),
        _ if request.masked => Some("it holds a secret, which was not recorded"),
        _ => None,
    }
}

/// Why a replay ends before its time, once it does.
async fn over(stops: impl Future<Output = ()>) -> &'static str {
    tokio::select! {
        () = stops => "the gateway stops",
        () = sleep(LONGEST) => "the replay took ten minutes already: record less, or allow less with `timeoutMs`",
    }
}

impl Replay {
    /// Has the requests of these frames sent again, until the gateway `stops` or it is too long.
    pub(super) async fn run<Sent>(
        &self,
        send: impl Fn(RawMessage) -> Sent,
        frames: &[Arc<Frame>],
        stops: impl Future<Output = ()>,
    ) -> Replayed
    where
        Sent: Future<Output = Result<RawAnswer, RawFault>>,
    {
        let mut over = pin!(over(stops));
        let (mut replayed, mut shown, mut gone) = (Replayed::default(), 0, None);
        for (number, recorded) in recorded(frames).into_iter().enumerate() {
            let mut step = Step {
                seq: recorded.request.seq,
                method: recorded.request.method.clone(),
                sent: recorded.request.text.clone(),
                expected: recorded.answer.map(|answer| answer.text.clone()),
                ..Step::default()
            };
            let too_many = (number >= MOST).then(|| "there are too many requests".to_owned());
            let left = || left_out(recorded.request).map(str::to_owned);
            step.why = too_many.or_else(left).or_else(|| gone.clone());
            if step.why.is_none() {
                let done = tokio::select! {
                    biased;
                    why = &mut over => Err(why),
                    done = self.step(&send, &recorded, &mut step) => Ok(done),
                };
                match done {
                    Ok(Ok(())) => {}
                    Err(why) => {
                        gone = Some(why.to_owned());
                        step.why.clone_from(&gone);
                    }
                    Ok(Err(fault)) => {
                        step.same = Some(false);
                        step.why = Some(fault.to_string());
                        if matches!(fault, RawFault::NotReady(_) | RawFault::NoSuchServer(_)) {
                            gone = Some("the server is not ready any more".to_owned());
                        }
                    }
                }
            }
            shown += step.got.as_ref().map_or(0, String::len);
            if shown > SHOWN {
                step.got = None;
            }
            replayed.steps.push(step);
        }
        let compared = || replayed.steps.iter().filter_map(|step| step.same);
        replayed.identical = compared().next().is_some() && compared().all(|same| same);
        replayed
    }

    async fn step<Sent>(
        &self,
        send: impl Fn(RawMessage) -> Sent,
        recorded: &Recorded<'_>,
        step: &mut Step,
    ) -> Result<(), RawFault>
    where
        Sent: Future<Output = Result<RawAnswer, RawFault>>,
    {
        let message = recorded.request.text.clone().into();
        let raw = RawMessage { message, timeout: self.timeout, fill_meta: self.fill_meta };
        let answered = send(raw).await?;
        step.took_ms = Some(answered.took.as_secs_f64() * 1e3);
        let answer = answered.answer.unwrap_or_default();
        let got = Shown::of(&answer, &self.mask);
        match recorded.answer {
            None => step.why = Some("no answer was recorded".into()),
            Some(expected) => {
                let differs = if expected.truncated {
                    let same = expected.bytes == answer.len() && expected.text == got.text;
                    if same { Vec::new() } else { vec![String::new()] }
                } else {
                    differences(&expected.text, &got.text, &self.ignored)
                };
                step.same = Some(differs.is_empty());
                step.differs = differs;
            }
        }
        step.got = Some(got.text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::server::Generation;
    use std::time::SystemTime;

    fn frame(
        generation: Generation,
        direction: Direction,
        kind: FrameKind,
        id: &str,
        method: Option<&str>,
    ) -> Frame {
        Frame {
            seq: 0,
            at: SystemTime::UNIX_EPOCH,
            generation,
            own: false,
            direction,
            kind,
            id: Some(id.to_owned()),
            method: method.map(str::to_owned),
            bytes: 0,
            truncated: false,
            masked: false,
            text: format!("{kind:?} {id}"),
        }
    }

    #[test]
    fn each_request_finds_the_first_answer_to_it_on_its_own_connection() {
        let (one, other) = (Generation::next(), Generation::next());
        let asks = |at, id| frame(at, Direction::Out, FrameKind::Request, id, Some("m"));
        let answers = |at, id| frame(at, Direction::In, FrameKind::Response, id, None);
        let frames = [
            answers(one, "1"), // to what was asked before
            asks(one, "1"),
            asks(other, "1"),
            frame(one, Direction::In, FrameKind::Request, "2", Some("roots/list")),
            frame(one, Direction::Out, FrameKind::Response, "2", None),
            asks(one, "2"),
            answers(other, "1"),
            answers(one, "1"),
            answers(one, "1"), // twice
        ];
        let frames = frames.map(Arc::new);
        let found = recorded(&frames);
        let place = |frame: &Arc<Frame>| frames.iter().position(|other| Arc::ptr_eq(other, frame));
        let found: Vec<_> = found
            .iter()
            .map(|found| (place(found.request).unwrap(), found.answer.and_then(place)))
            .collect();
        assert_eq!(found, [(1, Some(7)), (2, Some(6)), (5, None)]);
    }

    #[test]
    fn what_cannot_be_sent_as_it_was_is_left_out() {
        let request = |method| {
            let at = Generation::next();
            frame(at, Direction::Out, FrameKind::Request, "1", Some(method))
        };
        assert_eq!(left_out(&request("tools/call")), None);
        assert!(left_out(&request("initialize")).is_some());
        assert!(left_out(&request("subscriptions/listen")).is_some());
        assert!(left_out(&request("resources/unsubscribe")).is_some());
        assert!(left_out(&request("logging/setLevel")).is_some());
        assert!(left_out(&Frame { truncated: true, ..request("tools/call") }).is_some());
        assert!(left_out(&Frame { masked: true, ..request("tools/call") }).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_ends_in_time_and_tells_what_it_left_out() {
        let at = Generation::next();
        let frames: Vec<_> = (0..30)
            .flat_map(|number| {
                let (id, method) = (number.to_string(), Some("tools/call"));
                let asks = frame(at, Direction::Out, FrameKind::Request, &id, method);
                let answers = frame(at, Direction::In, FrameKind::Response, &id, None);
                [asks, Frame { text: "{}".into(), ..answers }].map(Arc::new)
            })
            .collect();
        let replay = Replay {
            mask: Arc::new(str::to_owned),
            timeout: Duration::from_secs(120),
            fill_meta: false,
            ignored: Vec::new(),
        };
        let took = Duration::from_secs(45);
        let slow = |_| async move {
            sleep(took).await;
            Ok(RawAnswer { answer: Some("{}".into()), id: Some(1), generation: at, took })
        };
        let began = tokio::time::Instant::now();
        let replayed = replay.run(slow, &frames, std::future::pending()).await;
        assert_eq!(began.elapsed(), LONGEST);
        let (done, left): (Vec<_>, Vec<_>) =
            replayed.steps.iter().partition(|step| step.same == Some(true));
        assert_eq!((done.len(), left.len()), (13, 17));
        for step in left {
            let why = step.why.as_deref().unwrap();
            assert!(why.contains("ten minutes") && step.same.is_none(), "{why}");
        }
    }
}
