//! A minimal Streamable HTTP server that echoes, as a process of its own.
//!
//! It is the direct peer of `direct-http` and the downstream server of `gateway-http`, and takes telemetry. The bench
//! starts itself again as this process; it ends when its stdin does.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Makes the bench be this server.
pub(crate) const FLAG: &str = "--origin";

const INITIALIZED: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"origin","version":"1"}}"#;
const TOOLS: &str = r#"{"tools":[{"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}]}"#;

/// The running server, seen from the process that started it.
pub(crate) struct Origin {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Origin {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(FLAG)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).await?;
        }
        Ok(Self { address: line.trim().parse()?, child })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Option<Arguments<'a>>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: &'a RawValue,
}

/// Prints its address and serves until stdin ends.
pub(crate) async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::io::stdout().write_all(format!("{address}\n").as_bytes()).await?;
    tokio::spawn(async {
        // whatever ends the wait, the starter is gone
        let _ended = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(answer);
            let mut server = http1::Builder::new();
            // a connection that breaks is the client's to notice
            let _broken = server
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        return Ok(empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    let telemetry = request.uri().path().starts_with("/v1/");
    let Ok(body) = request.into_body().collect().await.map(http_body_util::Collected::to_bytes)
    else {
        return Ok(empty(StatusCode::BAD_REQUEST));
    };
    if telemetry {
        return Ok(empty(StatusCode::OK));
    }
    let Ok(message) = serde_json::from_slice::<Message<'_>>(&body) else {
        return Ok(empty(StatusCode::BAD_REQUEST));
    };
    let Some(id) = message.id else { return Ok(empty(StatusCode::ACCEPTED)) };
    let result = match message.method.as_ref() {
        "initialize" => member("result", INITIALIZED),
        "ping" => member("result", "{}"),
        "tools/list" => member("result", TOOLS),
        "tools/call" => {
            let arguments = message.params.and_then(|params| params.arguments);
            let text = arguments.map_or("\"\"", |arguments| arguments.text.get());
            member("result", &format!(r#"{{"content":[{{"type":"text","text":{text}}}]}}"#))
        }
        _ => member("error", r#"{"code":-32601,"message":"Method not found"}"#),
    };
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},{result}}}"#);
    let mut response = Response::new(Full::from(text));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    if message.method == "initialize" {
        let session = hyper::header::HeaderValue::from_static("load");
        response.headers_mut().insert("mcp-session-id", session);
    }
    Ok(response)
}

fn member(name: &str, value: &str) -> String {
    format!("\"{name}\":{value}")
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
