//! `/api/v1/recordings`: frames recorded, read and replayed.

use super::recording::{Recording, RecordingReport};
use super::replay::{Replay, Replayed};
use super::send::patience;
use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{BODY, body, json, unknown};
use crate::faces::Closing;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default()
        .routes(routes!(recordings, record))
        .routes(routes!(recording, delete))
        .routes(routes!(stop))
        .routes(routes!(replay))
}

/// All recordings.
#[derive(Debug, Serialize, ToSchema)]
struct RecordingList {
    /// They, in the order they were started.
    recordings: Vec<RecordingReport>,
}

/// Whose frames to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "server": "files" }))]
struct RecordRequest {
    /// The server.
    server: String,
}

/// How to replay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(example = json!({ "ignore": ["/result/content/0/text"] }))]
struct ReplayRequest {
    /// The server; the one recorded unless told.
    server: Option<String>,
    /// What of the answers does not count, as JSON pointers into the whole answer.
    ignore: Vec<String>,
    /// How long each answer is waited for; 30,000 unless told, 120,000 at most.
    timeout_ms: Option<u64>,
    /// Whether to fill in what a request of 2026-07-28 must say in `_meta` and does not.
    fill_meta: bool,
}

impl Desk {
    fn recording(&self, id: &str) -> Result<Arc<Recording>, Refusal> {
        Ok(self.at_bench()?.recordings.get(id)?)
    }
}

/// All recordings.
#[utoipa::path(
    get,
    path = "/api/v1/recordings",
    operation_id = "listRecordings",
    tag = "bench",
    responses((status = 200, description = "The recordings", body = RecordingList))
)]
async fn recordings(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let all = desk.at_bench()?.recordings.all();
    let recordings = all.iter().map(|recording| recording.report()).collect();
    Ok(answer(StatusCode::OK, &RecordingList { recordings }))
}

/// Records the frames of a server from now on: at most 10,000 frames and 16 MiB, kept in memory, in at most
/// 20 recordings.
#[utoipa::path(
    post,
    path = "/api/v1/recordings",
    operation_id = "startRecording",
    tag = "bench",
    request_body = RecordRequest,
    responses(
        (status = 201, description = "It is recorded", body = RecordingReport),
        (status = 400, description = "The body names no server", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "There are too many recordings", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn record(State(desk): State<Desk>, request: Request) -> Result<Response, Refusal> {
    let running = desk.at_bench()?;
    let RecordRequest { server } = json(request, BODY).await?;
    let watch = running.fleet.tap(&server).map_err(|missing| unknown(missing, &running.fleet))?;
    let recording = running.recordings.start(&server, watch)?;
    Ok(answer(StatusCode::CREATED, &recording.report()))
}

/// The frames of a recording, one JSON object a line.
#[utoipa::path(
    get,
    path = "/api/v1/recordings/{id}",
    operation_id = "getRecording",
    tag = "bench",
    params(("id" = u64, Path, description = "The recording", example = 1)),
    responses(
        (status = 200, description = "Its frames so far, as `Frame`", body = String, content_type = "application/jsonl"),
        (status = 404, description = "There is no such recording", body = ErrorAnswer),
    )
)]
async fn recording(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let recording = desk.recording(&id)?;
    let mut lines = Vec::new();
    for frame in recording.frames() {
        // a value of ours always becomes JSON
        let _written = serde_json::to_writer(&mut lines, &*frame);
        lines.push(b'\n');
    }
    let file = format!("attachment; filename=\"{}-{}.jsonl\"", recording.server, recording.id);
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from(lines)).into_response())
}

/// Stops a recording; its frames stay.
#[utoipa::path(
    post,
    path = "/api/v1/recordings/{id}/stop",
    operation_id = "stopRecording",
    tag = "bench",
    params(("id" = u64, Path, description = "The recording", example = 1)),
    responses(
        (status = 200, description = "It is stopped", body = RecordingReport),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such recording", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn stop(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    body(request, BODY).await?;
    let recording = desk.recording(&id)?;
    recording.stop().await;
    Ok(answer(StatusCode::OK, &recording.report()))
}

/// Forgets a recording.
#[utoipa::path(
    delete,
    path = "/api/v1/recordings/{id}",
    operation_id = "deleteRecording",
    tag = "bench",
    params(("id" = u64, Path, description = "The recording", example = 1)),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such recording", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn delete(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    body(request, BODY).await?;
    desk.at_bench()?.recordings.delete(&id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Sends the requests of a recording again, one after the other, and compares the answers. Ends after ten
/// minutes at the latest, with what it came to.
#[utoipa::path(
    post,
    path = "/api/v1/recordings/{id}/replay",
    operation_id = "replayRecording",
    tag = "bench",
    params(("id" = u64, Path, description = "The recording", example = 1)),
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "What came of it, request by request", body = Replayed),
        (status = 400, description = "The body says what this page does not know", body = ErrorAnswer),
        (status = 404, description = "There is no such recording, or no such server", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn replay(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    closing: Option<Extension<Closing>>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: ReplayRequest = json(request, BODY).await?;
    let recording = desk.recording(&id)?;
    let server = asked.server.unwrap_or_else(|| recording.server.clone());
    let (fleet, card) = desk.card(&server)?;
    if let Some(wrong) = asked.ignore.iter().find(|pointer| !pointer.starts_with('/')) {
        let wrong: String = wrong.chars().take(80).collect();
        let text = format!("`{wrong}` is no JSON pointer: they begin with a slash");
        return Err(Refusal::NotThat(text));
    }
    let replay = Replay {
        mask: Arc::clone(&card.spec.mask),
        timeout: patience(asked.timeout_ms),
        fill_meta: asked.fill_meta,
        ignored: asked.ignore,
    };
    let frames = recording.frames();
    let send = |raw| fleet.send_raw(&server, raw);
    let stops = async {
        match closing {
            Some(Extension(mut closing)) => closing.told().await,
            None => std::future::pending().await,
        }
    };
    Ok(answer(StatusCode::OK, &replay.run(send, &frames, stops).await))
}
