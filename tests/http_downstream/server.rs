//! A scriptable HTTP/1.1 server, written by hand so that it can misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// Longest wait for anything that should happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The JSON-RPC method in the body, or the HTTP method when there is none.
    pub(crate) fn call(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["method"].as_str().unwrap_or(&self.method).to_owned()
    }
}

/// One piece of a response.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Text.
    Say(String),
    /// Wait until told to go on (or until the client is gone).
    Hold(Arc<Notify>),
    /// Break the connection off.
    Break,
}

/// A scripted response.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Held back until this is released.
    before: Option<Arc<Notify>>,
    head: String,
    parts: Vec<Part>,
}

impl Reply {
    /// A status with headers (each line ended by CRLF) and a body.
    pub(crate) fn new(status: u16, headers: &str, body: &str) -> Self {
        let parts = vec![Part::Say(body.to_owned())];
        Self { before: None, head: format!("HTTP/1.1 {status} X\r\n{headers}"), parts }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::new(200, "content-type: application/json\r\n", body)
    }

    /// An event stream.
    pub(crate) fn events(parts: Vec<Part>) -> Self {
        Self::new(200, "Content-Type: text/event-stream;charset=utf-8\r\n", "").saying(parts)
    }

    /// The same head with this body.
    pub(crate) fn saying(self, parts: Vec<Part>) -> Self {
        Self { parts, ..self }
    }

    /// No response at all.
    pub(crate) fn broken() -> Self {
        Self { before: None, head: String::new(), parts: vec![Part::Break] }
    }

    pub(crate) fn accepted() -> Self {
        Self::new(202, "", "")
    }

    /// The same, with the connection closed after it.
    pub(crate) fn closing(mut self) -> Self {
        self.head.push_str("connection: close\r\n");
        self
    }

    /// The same, once released.
    pub(crate) fn after(self, gate: &Arc<Notify>) -> Self {
        Self { before: Some(Arc::clone(gate)), ..self }
    }

    /// 202, once released.
    pub(crate) fn held(gate: &Arc<Notify>) -> Self {
        Self::accepted().after(gate)
    }
}

/// One event on a stream.
pub(crate) fn event(data: &str) -> Part {
    Part::Say(format!("data: {data}\n\n"))
}

/// A hold nobody releases.
pub(crate) fn forever() -> Part {
    Part::Hold(Arc::new(Notify::new()))
}

/// The server; dropping it closes everything.
pub(crate) struct Server {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    script: Box<dyn Fn(&Request) -> Reply + Send + Sync>,
    seen: Mutex<Vec<Request>>,
    open: AtomicUsize,
    deaf: Notify,
}

/// Counts a connection for as long as it lives.
struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::default(),
            open: AtomicUsize::new(0),
            deaf: Notify::new(),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    pub(crate) fn url(&self, path: &str) -> reqwest::Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The calls seen, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.seen().iter().map(Request::call).collect()
    }

    /// The first request with this call, once it is there.
    pub(crate) async fn wait_for(&self, call: &str) -> Request {
        self.wait(call, |server| server.seen().into_iter().find(|seen| seen.call() == call)).await
    }

    /// Waits until no connection is open.
    pub(crate) async fn wait_closed(&self) {
        self.wait_open(0).await;
    }

    /// Waits until so many connections are open.
    pub(crate) async fn wait_open(&self, count: usize) {
        let there =
            |server: &Self| (server.shared.open.load(Ordering::SeqCst) == count).then_some(());
        self.wait("so many connections open", there).await;
    }

    /// Waits until `probe` yields something.
    pub(crate) async fn wait<T>(&self, what: &str, probe: impl Fn(&Self) -> Option<T>) -> T {
        let polling = async {
            loop {
                if let Some(found) = probe(self) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(DEADLINE, polling).await;
        found.unwrap_or_else(|_| panic!("{what}: not seen, but {:?}", self.calls()))
    }

    /// Takes no new connection from now on; those that are open stand.
    pub(crate) async fn close_listener(&self) {
        self.shared.deaf.notify_one();
        let address = ("127.0.0.1", self.port);
        let closing = async { while TcpStream::connect(address).await.is_ok() {} };
        tokio::time::timeout(DEADLINE, closing).await.expect("the listener is closed");
    }

    /// Closes everything, listener included.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _aborted = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            () = shared.deaf.notified() => break,
        };
        let shared = Arc::clone(&shared);
        shared.open.fetch_add(1, Ordering::SeqCst);
        connections.spawn(async move {
            let _open = Open(&shared.open);
            let _ended = serve(BufReader::new(socket), &shared).await;
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves requests on one connection until it ends.
async fn serve(mut socket: BufReader<TcpStream>, shared: &Shared) -> std::io::Result<()> {
    while let Some(request) = read(&mut socket).await? {
        shared.seen.lock().unwrap().push(request.clone());
        let reply = (shared.script)(&request);
        if !write(&mut socket, reply).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn read(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let mut start = head[0].split(' ').map(str::to_owned);
    let headers: BTreeMap<_, _> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let body = String::from_utf8(body).unwrap();
    let (method, path) = (start.next().unwrap(), start.next().unwrap());
    Ok(Some(Request { method, path, headers, body }))
}

/// Writes a response; whether the connection stands.
async fn write(socket: &mut BufReader<TcpStream>, reply: Reply) -> std::io::Result<bool> {
    if let Some(gate) = reply.before {
        tokio::select! {
            () = gate.notified() => {}
            _gone = socket.fill_buf() => return Ok(false),
        }
    }
    if !reply.head.is_empty() {
        let head = format!("{}transfer-encoding: chunked\r\n\r\n", reply.head);
        socket.write_all(head.as_bytes()).await?;
    }
    for part in reply.parts {
        match part {
            Part::Say(text) if text.is_empty() => {}
            Part::Say(text) => {
                let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                socket.write_all(chunk.as_bytes()).await?;
            }
            Part::Hold(go_on) => tokio::select! {
                () = go_on.notified() => {}
                _gone = socket.fill_buf() => return Ok(false),
            },
            Part::Break => return Ok(false),
        }
    }
    socket.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}
