//! How an actor ended, in OTP's terms.

use ractor::{ActorCell, SupervisionEvent};

/// The way an actor ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// It stopped or drained.
    Normal,
    /// It failed, panicked, was killed or its task was cancelled.
    Abnormal(String),
}

impl Exit {
    /// Reads an exit from a supervision event; `None` for events that are no exits.
    ///
    /// ractor reports a kill and a cancelled task as a termination with a reason; in OTP both are
    /// abnormal.
    pub fn of(event: SupervisionEvent) -> Option<(ActorCell, Self)> {
        match event {
            SupervisionEvent::ActorTerminated(cell, _state, reason) => match reason.as_deref() {
                Some("killed" | "actor_task_cancelled") => {
                    Some((cell, Self::Abnormal(reason.unwrap_or_default())))
                }
                _ => Some((cell, Self::Normal)),
            },
            SupervisionEvent::ActorFailed(cell, error) => {
                Some((cell, Self::Abnormal(error.to_string())))
            }
            _ => None,
        }
    }
}
