//! A server whose actor crashed too often: what it would say, said for it.

use super::{Arguments, Loss};
use crate::fleet::{Standing, State};
use crate::health::monitor;
use crate::reconnection::{self, CauseClass};
use crate::timeline::EventKind;
use std::time::Duration;
use tokio::time::Instant;

/// Its actor does not run; it is tried once more after this time.
pub(crate) fn quarantined(server: &Arguments, again: Duration) {
    let (card, now) = (&server.card, Instant::now());
    let name = card.spec.name.clone();
    let cause = Loss::Internal.to_string();
    let state = State::Quarantined.name().to_owned();
    server.timelines.note(&name, None, EventKind::State { state, cause: Some(cause) });
    card.stands(Standing {
        state: State::Quarantined,
        since: now,
        generation: None,
        cause: Some((CauseClass::Internal, Loss::Internal)),
        attempts: card.standing().attempts,
        next: Some(now + again),
        link: None,
    });
    server.monitor.tell(monitor::Message::Down(name.clone()));
    server.coordinator.tell(reconnection::Message::Withdraw(name.clone()));
    server.coordinator.tell(reconnection::Message::Down(name));
}
