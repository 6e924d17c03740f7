//! The policies of a moment, spelled so that they may be sent back.

use mcpvisor_actors::health::{GlobalPolicy, MonitorPolicy, PingPolicy};
use mcpvisor_actors::reconnection::View;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use utoipa::openapi::schema::{ArrayItems, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// The policies of a moment. Durations are written like `1m 30s`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyReport {
    /// When servers are checked.
    #[schema(inline)]
    pub monitor: Checking,
    /// How silent servers are asked whether they still live.
    #[schema(inline)]
    pub ping: Pinging,
    /// How lost servers are connected again.
    #[schema(inline)]
    pub reconnection: Reconnecting,
}

/// When servers are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checking {
    /// Whether they are.
    pub enabled: bool,
    /// How often, unless the interval adapts.
    pub check_interval: String,
    /// Whether the interval follows how a server does.
    pub adaptive_interval: bool,
    /// The interval of servers that do well.
    pub stable_interval: String,
    /// The interval of those that do not.
    pub unstable_interval: String,
    /// A score below this is doing badly.
    pub quality_threshold: u8,
}

/// How silent servers are asked whether they still live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pinging {
    /// Whether they are.
    pub enabled: bool,
    /// After how much silence.
    pub interval: String,
    /// How long an answer may take.
    pub timeout: String,
    /// Failures in a row that are too many.
    pub max_failures: u32,
    /// Silence of a call after which the server is asked.
    pub suspect_after: String,
}

/// How lost servers are connected again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reconnecting {
    /// Servers being connected at the same time; nothing when the coordinator does not answer.
    pub max_concurrent: Option<usize>,
}

impl PolicyReport {
    /// As things stand.
    pub(super) fn of(policy: &GlobalPolicy, queue: Option<&View>) -> Self {
        let GlobalPolicy { monitor, ping } = policy;
        Self {
            monitor: checking(monitor),
            ping: pinging(ping),
            reconnection: Reconnecting { max_concurrent: queue.map(|view| view.max_concurrent) },
        }
    }
}

fn checking(policy: &MonitorPolicy) -> Checking {
    Checking {
        enabled: policy.enabled,
        check_interval: span(policy.check_interval),
        adaptive_interval: policy.adaptive_interval,
        stable_interval: span(policy.stable_interval),
        unstable_interval: span(policy.unstable_interval),
        quality_threshold: policy.quality_threshold,
    }
}

fn pinging(policy: &PingPolicy) -> Pinging {
    Pinging {
        enabled: policy.enabled,
        interval: span(policy.interval),
        timeout: span(policy.timeout),
        max_failures: policy.max_failures,
        suspect_after: span(policy.suspect_after),
    }
}

fn span(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}

/// The shape of a change: any part of [`PolicyReport`], where a duration may be a number.
pub(super) struct PolicyChange;

impl PartialSchema for PolicyChange {
    fn schema() -> RefOr<Schema> {
        relaxed(PolicyReport::schema())
    }
}

impl ToSchema for PolicyChange {
    fn name() -> Cow<'static, str> {
        "PolicyChange".into()
    }
}

/// The same keys, none of them required; what is text may be a number of milliseconds.
fn relaxed(schema: RefOr<Schema>) -> RefOr<Schema> {
    let mut object = match schema {
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(Schema::AllOf(mut all)) => {
            all.items = all.items.into_iter().map(relaxed).collect();
            return RefOr::T(Schema::AllOf(all));
        }
        other => return other,
    };
    if object.schema_type == SchemaType::Type(Type::String) {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        return OneOfBuilder::new().item(object).item(number).into();
    }
    object.required.clear();
    for property in object.properties.values_mut() {
        let own = std::mem::replace(property, RefOr::T(Schema::Array(none())));
        *property = relaxed(own);
    }
    RefOr::T(Schema::Object(object))
}

fn none() -> utoipa::openapi::Array {
    utoipa::openapi::ArrayBuilder::new().items(ArrayItems::False).build()
}
