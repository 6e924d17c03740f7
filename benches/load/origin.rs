//! A minimal Streamable HTTP server, as a process of its own. It takes telemetry, too.

use crate::answer::{Answer, Answers};
use crate::role::end_with_stdin;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::RefCell;
use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;
use std::rc::Rc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

/// Prints its address and serves until stdin ends.
pub(crate) async fn serve() -> Result<(), Box<dyn Error>> {
    LocalSet::new().run_until(listen()).await
}

async fn listen() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::io::stdout().write_all(format!("{address}\n").as_bytes()).await?;
    end_with_stdin();
    let answers = Rc::new(RefCell::new(Answers::new(1)));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answers = Rc::clone(&answers);
        spawn_local(async move {
            let service = service_fn(move |request| answer(request, Rc::clone(&answers)));
            let mut server = http1::Builder::new();
            // a connection that breaks is the client's to notice
            let _broken = server
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Rc<RefCell<Answers>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
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
    let answer = answers.borrow_mut().to(&body);
    let (text, opens) = match answer {
        None => return Ok(empty(StatusCode::BAD_REQUEST)),
        Some(Answer::Nothing) => return Ok(empty(StatusCode::ACCEPTED)),
        Some(Answer::Opening(text)) => (text, true),
        Some(Answer::Other(text)) => (text, false),
    };
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if opens {
        response.headers_mut().insert("mcp-session-id", HeaderValue::from_static("load"));
    }
    Ok(response)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
