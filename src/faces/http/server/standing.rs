//! Writes an event stream to a socket that is the library's no more, chunk by chunk.
//!
//! Nothing is kept between two events but the stream itself. What is ready together is written together; the
//! stream is asked for more only when the system took what was there, so that a slow reader slows it down.
//!
//! Source: RFC 9112, section 7.1 (chunked transfer coding).
//!
//! *Invariant:* a client that leaves ends the stream at once, also while it takes nothing; a stream that ends
//! says so with the last chunk.

use axum::body::{Body, Bytes};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use std::io::{self, IoSlice};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Pieces that are written together at most; an event has three.
const TOGETHER: usize = 16;
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
const LINE_END: &[u8] = b"\r\n";

/// Writes all a stream says; `true` when the client was the first to leave.
pub(super) async fn carry(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    stream: Body,
) -> bool {
    tokio::select! {
        () = gone(reader) => true,
        written = write(writer, stream) => written.is_err(),
    }
}

/// Returns when the client has left. What it says is thrown away: it was told that nothing else is answered here.
async fn gone(mut reader: impl AsyncRead + Unpin) {
    let mut thrown_away = [0; 64];
    while reader.read(&mut thrown_away).await.is_ok_and(|count| count > 0) {}
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut stream: Body) -> io::Result<()> {
    let mut ended = false;
    while !ended {
        let mut pieces = Vec::new();
        match next(&mut stream).await {
            Some(piece) => pieces.push(piece),
            None => ended = true,
        }
        while !ended && pieces.len() < TOGETHER {
            match next(&mut stream).now_or_never() {
                Some(Some(piece)) => pieces.push(piece),
                Some(None) => ended = true,
                None => break,
            }
        }
        chunk(&mut writer, &pieces).await?;
    }
    writer.write_all(LAST_CHUNK).await
}

/// The next piece; an event stream has neither errors nor trailers.
async fn next(stream: &mut Body) -> Option<Bytes> {
    stream.frame().await?.ok()?.into_data().ok()
}

/// Writes pieces as one chunk; nothing when they are empty, since an empty chunk is the last.
async fn chunk(writer: &mut (impl AsyncWrite + Unpin), pieces: &[Bytes]) -> io::Result<()> {
    let size: usize = pieces.iter().map(Bytes::len).sum();
    if size == 0 {
        return Ok(());
    }
    let head = format!("{size:x}\r\n");
    let parts = [head.as_bytes()].into_iter().chain(pieces.iter().map(|piece| &**piece));
    let mut parts: Vec<_> = parts.chain([LINE_END]).map(IoSlice::new).collect();
    let mut left = parts.as_mut_slice();
    while !left.is_empty() {
        let count = writer.write_vectored(left).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut left, count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{self, StreamExt};
    use std::convert::Infallible;
    use tokio::io::{duplex, empty, split};

    fn body(pieces: &[&'static str]) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
        stream::iter(pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn what_is_ready_together_is_one_chunk_and_the_end_is_told() {
        for (pieces, written) in [
            (&[][..], "0\r\n\r\n"),
            (&["data: ", "{}", "\n\n"], "a\r\ndata: {}\n\n\r\n0\r\n\r\n"),
            (&["", ""], "0\r\n\r\n"),
        ] {
            let mut out = Vec::new();
            write(&mut out, Body::from_stream(body(pieces))).await.unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), written, "{pieces:?}");
        }
    }

    #[tokio::test]
    async fn a_long_stream_arrives_whole_through_a_narrow_pipe() {
        let numbers: Vec<_> = (0..1000).map(|n| format!("{n},")).collect();
        let pieces: Vec<_> =
            numbers.iter().cloned().map(|n| Ok::<_, Infallible>(Bytes::from(n))).collect();
        let (ours, mut theirs) = duplex(7);
        let (silent, _still_there) = duplex(1);
        let carried = tokio::spawn(carry(silent, ours, Body::from_stream(stream::iter(pieces))));
        let mut read = String::new();
        theirs.read_to_string(&mut read).await.unwrap();
        assert!(!carried.await.unwrap());
        let (mut said, mut rest) = (String::new(), read.as_str());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let (data, after) = after.split_at(usize::from_str_radix(size, 16).unwrap());
            said.push_str(data);
            rest = after.strip_prefix("\r\n").unwrap();
        }
        assert_eq!(said, numbers.concat());
    }

    #[tokio::test]
    async fn a_client_that_leaves_ends_a_stream_it_takes_nothing_of() {
        let endless = body(&["more than there is room for"]).chain(stream::pending());
        let (ours, theirs) = duplex(4);
        let (reader, writer) = split(ours);
        let carried = tokio::spawn(carry(reader, writer, Body::from_stream(endless)));
        drop(theirs);
        assert!(carried.await.unwrap());
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert!(carry(empty(), Vec::new(), silent).await);
    }
}
