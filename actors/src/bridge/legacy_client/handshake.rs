//! The answer to `initialize`, made of what a server of 2026-07-28 discovered of itself.

use super::meta::shared;
use crate::bridge::{Fault, key, tasks};
use crate::wire::{Edits, ObjectEdit, ProtocolVersion, string};
use bytes::Bytes;

/// Makes an `InitializeResult` of a `DiscoverResult`. `version` is what was negotiated with the client;
/// `server_info` stands in when the server does not say who it is. Members no rule names stay.
pub fn initialize_result(
    discovered: &Bytes,
    version: ProtocolVersion,
    server_info: &Bytes,
) -> Result<Bytes, Fault> {
    const NO_DISCOVERY: Fault = Fault::BadAnswer("its discover result is no object");
    let mut outer = ObjectEdit::of(discovered).ok_or(NO_DISCOVERY)?;
    for key in ["resultType", "supportedVersions", "ttlMs", "cacheScope"] {
        outer.remove(key);
    }
    let mut edits = Edits::default();
    let mut info = server_info.clone();
    if let Some(raw) = outer.get("_meta")
        && let Some(mut meta) = ObjectEdit::of(raw.get().as_bytes())
    {
        if let Some(own) = meta.get(key::SERVER_INFO) {
            info = shared(discovered, own.get());
        }
        meta.remove(key::SERVER_INFO);
        if meta.would_be_empty() {
            outer.remove("_meta");
        } else {
            edits.extend(meta.finish(discovered));
        }
    }
    let capabilities = outer.get("capabilities").map(|raw| shared(discovered, raw.get()));
    let capabilities = capabilities.unwrap_or_else(|| Bytes::from_static(b"{}"));
    outer.set("capabilities", tasks::hidden(&capabilities));
    outer.set("protocolVersion", string(version.as_str()));
    outer.set("serverInfo", info);
    edits.extend(outer.finish(discovered));
    Ok(edits.splice(discovered).to_bytes())
}
