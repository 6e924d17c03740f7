//! Makes the description of all pages as `OpenAPI` 3.1, for `openapi.json`: what the groups of pages say, and
//! what they do not say themselves. In tests only; the product serves the file.
//!
//! *Invariant:* whatever the guard may answer is described of each page behind it.

use super::{DESCRIPTION, description, guarded, health};
use crate::admin::refusal::ErrorAnswer;
use serde::Serialize;
use std::path::Path;
use utoipa::openapi::path::{Operation, OperationBuilder, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, HttpMethod, Info, License, ObjectBuilder, OpenApi, Ref,
};
use utoipa::{PartialSchema, ToSchema};

/// What groups of pages are about.
const TAGS: &[(&str, &str)] = &[
    ("health", "Whether the gateway does what it should; open to everybody"),
    ("servers", "The servers behind the gateway: how they are, what happened, orders"),
    ("monitor", "Policies, and who connects"),
    ("bench", "The frames of a server: watched, sent, recorded and replayed"),
    ("tools", "What clients can call, how it does, and a way to call it"),
    ("calls", "The requests of clients, while they run and once they are over"),
    ("sessions", "The clients that have a session"),
    ("logs", "What the gateway and its servers said"),
    ("events", "What happens, as it happens"),
    ("metrics", "What can be counted"),
    ("config", "The configuration in effect, its schema, and the check of a new one"),
    ("api", "The API itself"),
];

/// The whole description.
fn whole() -> OpenApi {
    let mut api = guarded().merge(health::routes()).into_description();
    let mut info = Info::new("mcpvisor", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "What goes on in a gateway, and how it is ordered about. Times are Unix milliseconds \
         (`atMs`) or durations in milliseconds. Errors are `{error: {code, message, remedy}}`."
            .into(),
    );
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    api.info = info;
    let tag =
        |(name, about): (&str, &str)| TagBuilder::new().name(name).description(Some(about)).build();
    api.tags = Some(TAGS.iter().copied().map(tag).collect());
    api.paths.paths.insert(DESCRIPTION.into(), PathItem::new(HttpMethod::Get, own()));
    let components = api.components.get_or_insert_with(Components::new);
    components.schemas.insert(ErrorAnswer::name().into(), ErrorAnswer::schema());
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("`admin.token` of the configuration"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    for (path, item) in &mut api.paths.paths {
        let is_guarded = path.starts_with("/api/") || path == "/metrics";
        for operation in operations(item) {
            if is_guarded {
                answered_by_guard(operation);
            } else {
                operation.security = Some(Vec::new());
            }
        }
    }
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// What the guard answers.
fn answered_by_guard(operation: &mut Operation) {
    for (status, about) in [
        ("401", "The token is missing, or another one"),
        ("403", "The page, host or listener the request comes by may not use the API"),
        ("429", "Too many wrong tokens were tried"),
        ("503", "The gateway is still starting"),
    ] {
        let error =
            || ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorAnswer::name())));
        let mut response =
            ResponseBuilder::new().description(about).content("application/json", error().build());
        if status == "403" {
            // of the listener itself, which speaks to people
            let text = ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
            let text = ContentBuilder::new().schema(Some(text)).build();
            response = response.content("text/plain", text);
        }
        let responses = &mut operation.responses.responses;
        responses.entry(status.into()).or_insert_with(|| response.build().into());
    }
}

/// The page of the description itself.
fn own() -> Operation {
    let document = ObjectBuilder::new().required("openapi").required("paths");
    let content = ContentBuilder::new().schema(Some(document)).build();
    let response = ResponseBuilder::new().description("It").content("application/json", content);
    OperationBuilder::new()
        .operation_id(Some("getDescription"))
        .summary(Some("This description, as OpenAPI 3.1."))
        .tag("api")
        .response("200", response)
        .build()
}

/// As it stands in the file: a value a line, so that a change is seen for what it is.
fn written(api: &OpenApi) -> String {
    let mut text = Vec::new();
    let lines = serde_json::ser::PrettyFormatter::with_indent(b"");
    api.serialize(&mut serde_json::Serializer::with_formatter(&mut text, lines)).unwrap();
    String::from_utf8(text).unwrap() + "\n"
}

#[test]
fn the_file_says_what_the_pages_say() {
    let text = written(&whole());
    if std::env::var_os("RENEW").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/routes/openapi.json");
        std::fs::write(file, text).unwrap();
        return;
    }
    let remedy = "renew it: RENEW=1 cargo test --lib the_file_says_what_the_pages_say";
    let differs = text.lines().zip(description::TEXT.lines()).find(|(is, was)| is != was);
    assert_eq!(differs, None, "{remedy}");
    assert_eq!(text.len(), description::TEXT.len(), "{remedy}");
}
