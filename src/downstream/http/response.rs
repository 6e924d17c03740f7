//! A response, whoever received it.

use super::plain;
use super::remote::Open;
use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use std::error::Error;

/// Why a request got no response, or no whole one.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Fault {
    /// On a plain connection.
    Plain(#[from] plain::Fault),
    /// Told by the library.
    Library(#[from] reqwest::Error),
}

impl Fault {
    /// Whether it struck before anything was written.
    pub(super) fn is_connect(&self) -> bool {
        match self {
            Self::Plain(fault) => fault.is_connect(),
            Self::Library(error) => error.is_connect(),
        }
    }

    /// The same without the address, which may hold secrets.
    pub(super) fn into_error(self) -> Box<dyn Error> {
        match self {
            Self::Plain(fault) => Box::new(fault),
            Self::Library(error) => Box::new(error.without_url()),
        }
    }
}

/// The head of a response and what follows.
pub(crate) struct Response {
    kind: Kind,
    /// Counts as an open exchange as long as it is here.
    _open: Open,
}

enum Kind {
    Plain(hyper::Response<plain::Body>),
    Library(reqwest::Response),
}

impl Response {
    pub(super) fn plain(response: hyper::Response<plain::Body>, open: Open) -> Self {
        Self { kind: Kind::Plain(response), _open: open }
    }

    pub(super) fn of_library(response: reqwest::Response, open: Open) -> Self {
        Self { kind: Kind::Library(response), _open: open }
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        match &self.kind {
            Kind::Plain(response) => response.status(),
            Kind::Library(response) => response.status(),
        }
    }

    /// Its headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.kind {
            Kind::Plain(response) => response.headers(),
            Kind::Library(response) => response.headers(),
        }
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        Ok(match &mut self.kind {
            Kind::Plain(response) => response.body_mut().chunk().await?,
            Kind::Library(response) => response.chunk().await?,
        })
    }

    /// What the connection becomes after a request to go on as something else; only the library asks for
    /// that.
    pub(crate) async fn upgrade(self) -> Option<Result<reqwest::Upgraded, Fault>> {
        match self.kind {
            Kind::Plain(_) => None,
            Kind::Library(response) => Some(response.upgrade().await.map_err(Fault::from)),
        }
    }
}
