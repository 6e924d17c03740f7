//! What administrative requests carry: their bodies, queries, and the servers they name.
//!
//! *Invariant:* a body is read only when it is small, comes in time and calls itself JSON, which a page
//! from elsewhere cannot say without being asked for its origin first.

use super::Desk;
use super::refusal::Refusal;
use axum::extract::Request;
use axum::http::header;
use http_body_util::{BodyExt, Limited};
use mcpvisor_actors::fleet::{Card, Fleet, NoSuchServer};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Longest body unless a page says otherwise.
pub(super) const BODY: usize = 64 * 1024;
/// How long a body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How alike names must be to be suggested.
const ALIKE: f64 = 0.65;

/// The body of a request that changes something; empty when there is none.
pub(super) async fn body(request: Request, most: usize) -> Result<String, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let essence = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    let is_json = essence.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if kind.is_some() && !is_json {
        return Err(Refusal::ContentType);
    }
    let whole = Limited::new(request.into_body(), most).collect();
    let whole: Result<_, _> = timeout(BODY_WITHIN, whole).await.map_err(|_late| Refusal::Body)?;
    let bytes = whole.map_err(|_broken| Refusal::Body)?.to_bytes();
    if !is_json && !bytes.is_empty() {
        return Err(Refusal::ContentType);
    }
    String::from_utf8(bytes.into()).map_err(|_| Refusal::Body)
}

/// A body that is JSON of this shape; none at all reads as `{}`.
pub(super) async fn json<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, Refusal> {
    let text = body(request, most).await?;
    let text = if text.is_empty() { "{}" } else { &text };
    serde_json::from_str(text).map_err(|error| Refusal::NotThat(error.to_string()))
}

/// The value of a key of a query.
pub(super) fn asked(query: Option<&str>, key: &str) -> Option<String> {
    let mut url = reqwest::Url::parse("http://localhost/").ok()?;
    url.set_query(query);
    let found = url.query_pairs().find(|(name, _)| name == key);
    found.map(|(_, value)| value.chars().take(80).collect())
}

impl Desk {
    /// The fleet, once the gateway runs.
    pub(super) fn open_fleet(&self) -> Result<&Fleet, Refusal> {
        self.fleet().map(|(fleet, _)| fleet).ok_or(Refusal::Starting)
    }

    /// A server by its name.
    pub(super) fn card(&self, name: &str) -> Result<(&Fleet, &Arc<Card>), Refusal> {
        let fleet = self.open_fleet()?;
        let card = fleet.card(name).map_err(|missing| unknown(missing, fleet))?;
        Ok((fleet, card))
    }
}

/// No such server; names alike are told.
pub(super) fn unknown(NoSuchServer(name): NoSuchServer, fleet: &Fleet) -> Refusal {
    let name: String = name.chars().take(80).collect();
    let asked = name.to_lowercase();
    let likeness = |other: &str| {
        let other = other.to_lowercase();
        let swapped = strsim::normalized_damerau_levenshtein(&asked, &other);
        strsim::jaro_winkler(&asked, &other).max(swapped)
    };
    let names = fleet.board.cards().map(|card| card.spec.name.to_string());
    let mut near: Vec<(f64, String)> =
        names.map(|other| (likeness(&other), other)).filter(|(alike, _)| *alike > ALIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near = near.into_iter().take(3).map(|(_, name)| name).collect();
    Refusal::NoSuchServer { name, near }
}
