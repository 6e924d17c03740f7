//! What can go wrong on a plain connection.

use hyper_util::client::legacy::connect::HttpConnector;
use std::time::Duration;
use tower_service::Service;

type ConnectError = <HttpConnector as Service<hyper::Uri>>::Error;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::downstream) enum Fault {
    /// No connection could be made.
    #[error(transparent)]
    Connect(ConnectError),
    /// Nor refused in time.
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    /// The connection broke, or what came on it is no HTTP.
    #[error(transparent)]
    Http(hyper::Error),
    /// The address cannot be written into a request.
    #[error("the address is none that HTTP can name")]
    Address(#[from] hyper::http::uri::InvalidUri),
}

impl Fault {
    /// Whether nothing can have been written.
    pub(in crate::downstream::http) fn is_connect(&self) -> bool {
        !matches!(self, Self::Http(_))
    }
}
