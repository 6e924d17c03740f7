//! A client on one stdio connection, in memory.

use crate::world::PATIENCE;
use mcpvisor::faces::serve_stdio;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::wire::Limits;
use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) struct Lines {
    input: Option<WriteHalf<DuplexStream>>,
    output: BufReader<ReadHalf<DuplexStream>>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Lines {
    pub(crate) fn open(clients: &Clients) -> Self {
        let (ours, theirs) = duplex(1 << 20);
        let (output, input) = split(ours);
        let (reads, writes) = split(theirs);
        let (stop, stopped) = oneshot::channel::<()>();
        let clients = clients.clone();
        let served = tokio::spawn(async move {
            let stopped = async {
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            serve_stdio(clients, reads, writes, Limits::default(), PATIENCE, stopped)
                .await
                .unwrap();
        });
        Self { input: Some(input), output: BufReader::new(output), stop: Some(stop), served }
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.input.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> Value {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.output.read_line(&mut line)).await;
        read.expect("nothing comes").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.say(message).await;
        self.hear().await
    }

    /// The gateway stops.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Nothing more will be asked.
    pub(crate) async fn finish(&mut self) {
        let mut input = self.input.take().unwrap();
        input.shutdown().await.unwrap();
    }

    /// Returns once serving has ended.
    pub(crate) async fn ended(self) {
        timeout(PATIENCE, self.served).await.expect("serving does not end").unwrap();
    }
}
