//! Text of a configuration as people write it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Text that may be written without quotes: `8080` is as good as `"8080"`.
#[derive(Serialize, Deserialize)]
pub(in crate::config) struct Text(pub(in crate::config) String);

/// Such text when it is a secret.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(in crate::config) struct Secret(pub(in crate::config) SecretString);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

macro_rules! scalar {
    ($type:ident, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

scalar!(Text, "text", {"type": ["string", "number", "boolean"]});
// `writeOnly`: never shown again
scalar!(Secret, "secret", {"type": ["string", "number", "boolean"], "writeOnly": true});
