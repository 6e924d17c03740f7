//! A WebSocket: one connection is one client, a text frame a message.

use super::reply::{Broken, plain};
use crate::simulate::outlet::{Outlet, Part};
use crate::simulate::request::receive;
use crate::simulate::server::{Exchange, Server};
use crate::websocket::{Onward, options};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::body::Incoming;
use mcpvisor_actors::wire::Limits;
use std::sync::Arc;
use yawc::{Frame, HttpWebSocket, OpCode, WebSocket};

/// Turns the connection into a WebSocket.
pub(super) fn answer(
    server: Arc<Server>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let onward = request.extensions().get::<Onward>().cloned().ok_or(Broken)?;
    let limits = Limits { max_bytes: super::MOST, ..Limits::default() };
    match WebSocket::upgrade_with_options(&mut request, options(limits)) {
        Ok((response, upgraded)) => {
            let serving = async move {
                if let Ok(socket) = upgraded.await {
                    converse(server, socket).await;
                }
            };
            onward.set(serving.boxed());
            Ok(response.map(|_empty| Body::empty()))
        }
        Err(_) => Ok(plain(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket\n")),
    }
}

/// Hears and answers until either side has enough.
async fn converse(server: Arc<Server>, socket: HttpWebSocket) {
    let id = server.sessions.create();
    let mut parts = server.sessions.open(&id);
    let client = Outlet::Session(Arc::clone(&server.sessions), id.clone());
    let (mut mouth, mut ears) = socket.split();
    let speaking = async {
        while let Some(part) = parts.recv().await {
            let lines = match part {
                Part::Lines(lines) => lines,
                Part::Hold => return std::future::pending().await,
                Part::Cut => return,
            };
            for line in lines {
                if mouth.send(Frame::text(line)).await.is_err() {
                    return;
                }
            }
        }
    };
    let hearing = async {
        while let Some(frame) = ears.next().await {
            if frame.opcode() == OpCode::Text {
                let bytes = frame.into_payload();
                server.files.record_body(&bytes);
                let (reply, notes) = (client.clone(), client.clone());
                let exchange = Exchange { server: Arc::clone(&server), reply, notes };
                let received = tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
                // one that panicked has answered nothing
                let _answered = received.await;
            }
        }
    };
    tokio::select! {
        () = speaking => {}
        () = hearing => {}
    }
    server.sessions.forget(&id);
}
