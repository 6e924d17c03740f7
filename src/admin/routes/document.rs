//! The description of all pages as `OpenAPI` 3.1: what the groups of pages do not say themselves.
//!
//! *Invariant:* whatever the guard may answer is described of each page behind it.

use super::DESCRIPTION;
use crate::admin::refusal::ErrorAnswer;
use axum::http::Method;
use std::collections::HashMap;
use utoipa::openapi::path::{Operation, OperationBuilder, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
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

/// The whole description of these pages; `secured` when they ask for the token.
pub(super) fn whole(mut api: OpenApi, secured: bool) -> OpenApi {
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
        if !path.starts_with("/api/") && path != "/metrics" {
            continue;
        }
        for (_, operation) in operations(item) {
            guarded(operation, secured);
        }
    }
    api
}

/// Operation ids by method and path.
pub(super) fn actions(api: &OpenApi) -> HashMap<(Method, String), String> {
    let mut found = HashMap::new();
    for (path, item) in &api.paths.paths {
        for (method, operation) in operations(&mut item.clone()) {
            if let Some(id) = &operation.operation_id {
                found.insert((method, path.clone()), id.clone());
            }
        }
    }
    found
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What the guard answers.
fn guarded(operation: &mut Operation, secured: bool) {
    if secured {
        let none: [&str; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new("token", none)]);
    }
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
