//! Text of a configuration as people write it.

use secrecy::SecretString;
use serde::Deserialize;
#[cfg(test)]
use {
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::Serialize,
    std::borrow::Cow,
};

/// Text that may be written without quotes: `8080` is as good as `"8080"`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
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

#[cfg(test)]
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

#[cfg(test)]
scalar!(Text, "text", {"type": ["string", "number", "boolean"]});
// `writeOnly`: never shown again
#[cfg(test)]
scalar!(Secret, "secret", {"type": ["string", "number", "boolean"], "writeOnly": true});
