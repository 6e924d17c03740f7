//! The answer to `server/discover`, made of what a server of the initialize era answered.

use super::Face;
use crate::bridge::legacy_client::shared;
use crate::bridge::{Fault, MODERN_VERSIONS, tasks};
use crate::wire::ObjectEdit;
use bytes::Bytes;

/// Makes a `DiscoverResult` of an `InitializeResult`. Only revisions without a handshake are named,
/// because clients take any other as a promise to answer `initialize` on the same connection. Who
/// answers is the server itself, or `face` when it does not say. Members no rule names stay.
pub fn discover_result(initialized: &Bytes, face: &Face) -> Result<Bytes, Fault> {
    const NOT_ONE: Fault = Fault::BadAnswer("its initialize result is no object");
    let mut outer = ObjectEdit::of(initialized).ok_or(NOT_ONE)?;
    let own = outer.get("serverInfo").map(|raw| shared(initialized, raw.get()));
    let server_info = own.unwrap_or_else(|| face.server_info.clone());
    let capabilities = outer.get("capabilities").map(|raw| shared(initialized, raw.get()));
    let capabilities = capabilities.unwrap_or_else(|| Bytes::from_static(b"{}"));
    outer.remove("protocolVersion");
    outer.remove("serverInfo");
    let versions = MODERN_VERSIONS.map(crate::wire::string).join(",");
    outer.set("supportedVersions", format!("[{versions}]"));
    outer.set("capabilities", tasks::hidden(&capabilities));
    let base = outer.finish(initialized).splice(initialized).to_bytes();
    let face = Face { server_info, hints: face.hints };
    let edits = face.complete("server/discover", &base, &base).ok_or(NOT_ONE)?;
    Ok(edits.splice(&base).to_bytes())
}
