//! Writes a client's messages, one a line.

use crate::faces::connection::Output;
use mcpvisor_actors::wire::Payload;
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

/// Writes lines.
#[derive(Debug)]
pub(super) struct Writer<W>(BufWriter<W>);

impl<W: AsyncWrite> Writer<W> {
    pub(super) fn new(output: W) -> Self {
        Self(BufWriter::new(output))
    }
}

impl<W: AsyncWrite + Unpin + Send> Output for Writer<W> {
    type Error = io::Error;

    async fn write(&mut self, message: Payload) -> io::Result<()> {
        for chunk in message.on_one_line().chunks() {
            self.0.write_all(chunk).await?;
        }
        self.0.write_all(b"\n").await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use tokio::io::{AsyncBufReadExt, BufReader, duplex};

    fn payload(text: &'static str) -> Payload {
        Bytes::from_static(text.as_bytes()).into()
    }

    #[tokio::test]
    async fn each_message_is_one_line() {
        let (client, gateway) = duplex(64);
        let mut writer = Writer::new(gateway);
        let mut client = BufReader::new(client);
        for (sent, line) in [("{\n\"a\":1}", "{ \"a\":1}\n"), ("{}", "{}\n")] {
            writer.write(payload(sent)).await.unwrap();
            writer.flush().await.unwrap();
            let mut read = String::new();
            client.read_line(&mut read).await.unwrap();
            assert_eq!(read, line);
        }
    }

    #[tokio::test]
    async fn a_client_that_is_gone_ends_the_writing() {
        let (client, gateway) = duplex(64);
        drop(client);
        let mut writer = Writer::new(gateway);
        writer.write(payload("{}")).await.unwrap();
        assert_eq!(writer.flush().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
