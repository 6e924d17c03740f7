//! An open event stream: a response and the decoder its bytes go through.

use super::classify::Verdict;
use super::events::{EventDecoder, Item};
use super::remote::Remote;
use super::response::Response;

/// A stream being read. The decoder belongs to whoever may have to continue it later.
pub(crate) struct EventStream<'a> {
    response: Response,
    decoder: &'a mut EventDecoder,
    ended: bool,
}

impl<'a> EventStream<'a> {
    /// Starts reading; what an earlier stream left unfinished is forgotten.
    pub(crate) fn new(response: Response, decoder: &'a mut EventDecoder) -> Self {
        decoder.restart();
        Self { response, decoder, ended: false }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self, remote: &Remote) -> Result<Option<Item>, Verdict> {
        loop {
            if let Some(item) = self.decoder.next() {
                return Ok(Some(item));
            }
            if self.ended {
                return Ok(None);
            }
            let chunk = self.response.chunk().await.map_err(|error| remote.fault(error))?;
            if let Some(chunk) = chunk {
                self.decoder.feed(&chunk);
            } else {
                self.decoder.finish();
                self.ended = true;
            }
        }
    }

    /// The id of the last event that had one.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.decoder.last_id()
    }

    /// Reads to the end without listening, so that the connection can be used again.
    pub(crate) async fn drain(mut self) {
        while !self.ended && matches!(self.response.chunk().await, Ok(Some(_))) {}
    }
}
