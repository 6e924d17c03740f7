//! Reads a request's body: bounded in size, bounded in time.
//!
//! *Invariant:* a body costs at most its cap in memory, whatever its length and framing.

use super::refusal::Refusal;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures_util::poll;
use http_body_util::BodyExt;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

/// The whole body. One whose declared length is above `cap` is refused without a byte being read;
/// one of unknown length as soon as it grows above it.
pub(super) async fn read(body: Body, cap: usize, deadline: Duration) -> Result<Bytes, Refusal> {
    let declared = body.size_hint().lower();
    if usize::try_from(declared).map_or(true, |declared| declared > cap) {
        return Err(Refusal::TooLarge { limit: cap });
    }
    let mut collecting = pin!(collect(body, cap));
    // mostly it came with its head
    if let Poll::Ready(read) = poll!(&mut collecting) {
        return read;
    }
    timeout(deadline, collecting).await.map_err(|_| Refusal::TooSlow)?
}

async fn collect(mut body: Body, cap: usize) -> Result<Bytes, Refusal> {
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    let Some(second) = next(&mut body).await? else { return fits(first, cap) };
    let mut whole = Vec::new();
    // for all of it when its length was declared; what is not to be had now is asked for again as it comes
    let left = usize::try_from(body.size_hint().lower()).unwrap_or(cap);
    let known = first.len().saturating_add(second.len()).saturating_add(left);
    let _later = whole.try_reserve_exact(known.min(cap));
    append(&mut whole, &first, cap)?;
    drop(first);
    append(&mut whole, &second, cap)?;
    drop(second);
    while let Some(chunk) = next(&mut body).await? {
        append(&mut whole, &chunk, cap)?;
    }
    Ok(Bytes::from(whole))
}

/// The next piece of data; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Refusal::Broken)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => return Ok(Some(data)),
            Err(_trailers) => {}
        }
    }
    Ok(None)
}

fn fits(bytes: Bytes, cap: usize) -> Result<Bytes, Refusal> {
    if bytes.len() > cap { Err(Refusal::TooLarge { limit: cap }) } else { Ok(bytes) }
}

/// Above this size room for the largest body is asked for at once, in bytes: what is not written costs nothing,
/// and each smaller room on the way would stay for a while beside the larger one.
const LARGE: usize = 64 * 1024;

/// Grows by doubling, from [`LARGE`] on to the cap if that is to be had; never above it.
fn append(whole: &mut Vec<u8>, chunk: &[u8], cap: usize) -> Result<(), Refusal> {
    let need = whole.len() + chunk.len();
    if need > cap {
        return Err(Refusal::TooLarge { limit: cap });
    }
    if need > whole.capacity() {
        let at_once = need > LARGE && whole.try_reserve_exact(cap - whole.len()).is_ok();
        if !at_once {
            let target = (whole.capacity() * 2).clamp(need, cap);
            whole.reserve_exact(target - whole.len());
        }
    }
    whole.extend_from_slice(chunk);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    const SOON: Duration = Duration::from_secs(5);

    fn chunked(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok::<_, Infallible>(Bytes::from(*chunk))).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_arrives_whole_however_it_is_cut() {
        for chunks in [&[][..], &["abcdef"], &["", "abc", "def"], &["a", "b", "cde", "f", ""]] {
            let read = read(chunked(chunks), 6, SOON).await;
            assert_eq!(read.unwrap(), chunks.concat(), "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn a_body_above_the_cap_is_refused_however_it_is_cut() {
        for chunks in [&["abcdefg"][..], &["abcdef", "g"], &["a", "b", "c", "d", "efg"]] {
            let read = read(chunked(chunks), 6, SOON).await;
            assert_eq!(read, Err(Refusal::TooLarge { limit: 6 }), "{chunks:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_refused_in_time() {
        let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(read(endless, 6, Duration::from_millis(20)).await, Err(Refusal::TooSlow));
    }

    #[test]
    fn memory_never_grows_above_the_cap() {
        let mut whole = Vec::new();
        for _ in 0..100 {
            append(&mut whole, &[b'x'; 10], 1000).unwrap();
            assert!(whole.capacity() <= 1000);
        }
        assert!(append(&mut whole, b"x", 1000).is_err());
    }
}
