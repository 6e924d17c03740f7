//! A small MCP client for `call` and `tools`: to a running gateway, or to one started for the purpose.

use super::complain;
use super::options::{Common, Overrides};
use crate::downstream::{HttpConnector, HttpKind, HttpTarget};
use crate::exit::Exit;
use crate::gateway;
use clap::Args;
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Connector, Inbound, Outbound, OutboundKind, Transport};
use mcpvisor_actors::session::{ClientStream, SessionHandle};
use mcpvisor_actors::tree::Gateway;
use mcpvisor_actors::wire::{
    Kind, Limits, Message, ProtocolVersion, RawId, Strictness, notification, request_raw,
};
use serde_json::Value;
use std::future::poll_fn;
use std::time::Duration;

/// Where `call` and `tools` go.
#[derive(Debug, Args)]
pub(super) struct Target {
    #[command(flatten)]
    common: Common,
    /// A running gateway (`http://…/mcp` or `ws://…/ws`); used when no configuration is given.
    #[arg(long, default_value = "http://127.0.0.1:3210/mcp", conflicts_with = "config")]
    url: reqwest::Url,
}

/// An initialized session.
pub(super) enum Client {
    /// Over HTTP.
    Remote(Box<dyn Transport>, u64),
    /// With a gateway of our own.
    Local { gateway: Box<Gateway>, session: SessionHandle, last_id: u64, stop: Duration },
}

/// What a request came to: a result, or the error object.
pub(super) type Outcome = Result<Value, Value>;

impl Client {
    /// Connects and shakes hands. What fails is printed.
    pub(super) async fn open(arguments: &Target) -> Result<Self, Exit> {
        let mut client = if arguments.common.config.is_some() {
            Self::local(&arguments.common).await?
        } else {
            Self::remote(&arguments.url).await?
        };
        let params = serde_json::json!({
            "protocolVersion": ProtocolVersion::LATEST.as_str(),
            "capabilities": {},
            "clientInfo": { "name": "mcpvisor-cli", "version": env!("CARGO_PKG_VERSION") },
        });
        client.request("initialize", &params.to_string()).await?.map_err(|error| {
            complain(format_args!("error: the gateway refused `initialize`: {error}"));
            Exit::Failure
        })?;
        client.initialized();
        Ok(client)
    }

    async fn remote(url: &reqwest::Url) -> Result<Self, Exit> {
        let connector = HttpConnector::new(HttpTarget {
            url: url.clone(),
            headers: std::collections::BTreeMap::default(),
            connect_timeout: Duration::from_secs(5),
            limits: Limits::default(),
            kind: match url.scheme() {
                "ws" | "wss" => HttpKind::WebSocket,
                _ => HttpKind::StreamableHttp,
            },
        });
        match connector.connect().await {
            Ok(transport) => Ok(Self::Remote(transport, 0)),
            Err(loss) => Err(unreachable(&loss)),
        }
    }

    async fn local(common: &Common) -> Result<Self, Exit> {
        let quiet = Common {
            log_level: common.log_level.clone().or_else(|| Some("warn".into())),
            ..common.clone()
        };
        let config = quiet.load(&Overrides::default())?;
        let stop = config.shutdown_timeout;
        let gateway = gateway::start(&config, Vec::new()).await.map_err(|error| {
            complain(format_args!("error: {error}"));
            Exit::GaveUp
        })?;
        match gateway.clients().open().await {
            Some(session) => {
                Ok(Self::Local { gateway: Box::new(gateway), session, last_id: 0, stop })
            }
            None => Err(Exit::GaveUp),
        }
    }

    fn initialized(&mut self) {
        let payload = notification("notifications/initialized");
        match self {
            Self::Remote(transport, _) => {
                transport.send(Outbound::new(payload, OutboundKind::Notification));
                transport.established(Era::Legacy(ProtocolVersion::LATEST));
            }
            // it is our own session, which asks for no notification
            Self::Local { .. } => {}
        }
    }

    /// Sends one request and waits for its answer.
    pub(super) async fn request(&mut self, method: &str, params: &str) -> Result<Outcome, Exit> {
        let answer = match self {
            Self::Remote(transport, last_id) => {
                *last_id += 1;
                let id = *last_id;
                let payload = request_raw(id, method, params);
                let initialize = method == "initialize";
                transport.send(Outbound::new(payload, OutboundKind::Request { id, initialize }));
                remote_answer(&mut **transport, id).await?
            }
            Self::Local { gateway, session, last_id, .. } => {
                *last_id += 1;
                let bytes = request_raw(*last_id, method, params).to_bytes();
                let message = parse(bytes)?;
                let (stream, mut reader) = ClientStream::new();
                let admission = gateway.clients().admit();
                session.deliver(message, admission, stream).map_err(|gone| {
                    complain(format_args!("error: {gone}"));
                    Exit::Failure
                })?;
                loop {
                    match reader.next().await {
                        Some(outgoing) if outgoing.answer => {
                            break parse(outgoing.payload.to_bytes())?;
                        }
                        Some(_) => {}
                        None => return Err(Exit::Failure),
                    }
                }
            }
        };
        let outcome = answer.outcome().unwrap_or_default();
        let value = serde_json::from_slice(&outcome).unwrap_or_default();
        Ok(match answer.kind() {
            Kind::Response { ok: true, .. } => Ok(value),
            _ => Err(value),
        })
    }

    /// Ends the session and what was started for it.
    pub(super) async fn close(self) {
        match self {
            Self::Remote(transport, _) => transport.close().await,
            Self::Local { gateway, stop, .. } => {
                gateway.stop(stop).await;
            }
        }
    }
}

async fn remote_answer(transport: &mut dyn Transport, id: u64) -> Result<Message, Exit> {
    loop {
        match poll_fn(|context| transport.poll_next(context)).await {
            Inbound::Message { message, .. } => {
                if matches!(message.kind(), Kind::Response { id: Some(theirs), .. } if RawId::as_number(theirs) == Some(id))
                {
                    return Ok(message);
                }
            }
            Inbound::Failed { id: failed, loss, .. } if failed == id => {
                return Err(unreachable(&loss));
            }
            Inbound::Lost(loss) => return Err(unreachable(&loss)),
            Inbound::Failed { .. } | Inbound::Noise(_) => {}
        }
    }
}

fn unreachable(loss: &mcpvisor_actors::server::Loss) -> Exit {
    complain(format_args!(
        "error: {loss}\nStart a gateway with `mcpvisor serve`, name it with --url, or give --config."
    ));
    Exit::Failure
}

fn parse(bytes: bytes::Bytes) -> Result<Message, Exit> {
    Message::parse(bytes, Limits::default(), Strictness::Strict).map_err(|error| {
        complain(format_args!("error: {error}"));
        Exit::Usage
    })
}
