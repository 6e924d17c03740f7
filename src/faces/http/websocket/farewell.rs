//! How a WebSocket ends: which close code the client is told, and the telling.
//!
//! Source: RFC 6455, 7.4.1.

use super::socket::{Fault, Socket};
use crate::faces::connection::{Broken, Ended};
use std::time::Duration;
use tokio::time::timeout;
use yawc::close::CloseCode;
use yawc::{Frame, OpCode, WebSocketError};

/// Longest time for the close handshake.
pub(super) const WITHIN: Duration = Duration::from_secs(1);

/// What the client is told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Nothing: it left, or cannot be told anything.
    Nothing,
    /// What the library has prepared: the answer to a goodbye, or to a broken rule.
    Owed,
    /// A code and a reason.
    Close(CloseCode, &'static str),
}

impl Farewell {
    /// The one that fits; `alive` is whether the session is still there.
    pub(super) fn of(ended: &Result<Ended, Broken<Fault, WebSocketError>>, alive: bool) -> Self {
        let fault = match ended {
            Ok(Ended::Stopped) => return Self::Close(CloseCode::Away, "the gateway stops"),
            Ok(Ended::Input) if alive => return Self::Close(CloseCode::Normal, ""),
            Ok(Ended::Input) => {
                return Self::Close(CloseCode::Error, "session lost; connect again");
            }
            Err(Broken::Output(_)) => return Self::Nothing,
            Err(Broken::Input(fault)) => fault,
        };
        match fault {
            Fault::Binary => Self::Close(CloseCode::Unsupported, "send messages as text"),
            Fault::NotText => Self::Close(CloseCode::Invalid, "a message is not UTF-8"),
            Fault::Silent => Self::Close(CloseCode::Policy, "no pong came"),
            // found out above the layer that answers broken rules by itself
            Fault::Broken(WebSocketError::InvalidFragment) => {
                Self::Close(CloseCode::Protocol, "the frames break the rules")
            }
            Fault::Left | Fault::Broken(_) => Self::Owed,
        }
    }

    /// Says it, and waits a moment for the client to say it back.
    pub(super) async fn say(self, socket: &Socket) {
        let goodbye = async {
            match self {
                Self::Nothing => return Ok(()),
                Self::Owed => socket.ready().await?,
                Self::Close(code, reason) => socket.feed(Frame::close(code, reason)).await?,
            }
            socket.flush().await?;
            while matches!(self, Self::Close(..)) && socket.frame().await?.opcode() != OpCode::Close
            {
            }
            Ok::<_, WebSocketError>(())
        };
        // a client that does not take its leave is left
        let _late_or_gone = timeout(WITHIN, goodbye).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_close_code() {
        let broken = |fault| Err(Broken::Input(fault));
        for (ended, alive, expected) in [
            (Ok(Ended::Stopped), true, Some(1001)),
            (Ok(Ended::Input), false, Some(1011)),
            (broken(Fault::Binary), true, Some(1003)),
            (broken(Fault::NotText), true, Some(1007)),
            (broken(Fault::Silent), true, Some(1008)),
            (broken(Fault::Broken(WebSocketError::InvalidFragment)), true, Some(1002)),
            (broken(Fault::Broken(WebSocketError::FrameTooLarge)), true, None),
            (broken(Fault::Left), true, None),
            (Err(Broken::Output(WebSocketError::ConnectionClosed)), true, None),
        ] {
            let code = match Farewell::of(&ended, alive) {
                Farewell::Close(code, _) => Some(u16::from(code)),
                Farewell::Nothing | Farewell::Owed => None,
            };
            assert_eq!(code, expected, "{ended:?}");
        }
    }
}
