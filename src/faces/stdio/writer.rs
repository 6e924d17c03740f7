//! Writes a client's messages, one a line, and flushes whenever nothing more waits.

use crate::faces::outbox::Outbox;
use mcpvisor_actors::session::Outgoing;
use std::io;
use std::pin::pin;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

/// Writes until nothing will be sent any more, or the client no longer reads.
pub(super) async fn write(outbox: &Outbox, output: impl AsyncWrite) -> io::Result<()> {
    let output = pin!(output);
    let mut output = BufWriter::new(output);
    while let Some(Outgoing { payload, held, .. }) = outbox.next().await {
        for chunk in payload.on_one_line().chunks() {
            output.write_all(chunk).await?;
        }
        output.write_all(b"\n").await?;
        // before the client can know of it and send the next request
        drop(held);
        if outbox.is_drained() {
            output.flush().await?;
        }
    }
    output.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mcpvisor_actors::wire::Payload;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, duplex};

    #[tokio::test]
    async fn each_message_is_one_line_and_is_not_held_back() {
        let (stream, outbox) = Outbox::new();
        let (client, gateway) = duplex(64);
        let writing = tokio::spawn(async move { write(&outbox, gateway).await });
        let mut client = BufReader::new(client);
        for (sent, line) in [("{\n\"a\":1}", "{ \"a\":1}\n"), ("{}", "{}\n")] {
            assert!(stream.answer(Payload::from(Bytes::from_static(sent.as_bytes())), None));
            let mut read = String::new();
            client.read_line(&mut read).await.unwrap();
            assert_eq!(read, line);
        }
        drop(stream);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_is_gone_ends_the_writing() {
        let (stream, outbox) = Outbox::new();
        let (client, gateway) = duplex(64);
        drop(client);
        stream.answer(Payload::from(Bytes::from_static(b"{}")), None);
        assert_eq!(write(&outbox, gateway).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
