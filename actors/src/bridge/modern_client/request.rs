//! A request of 2026-07-28 as a server of the initialize era expects it.

use crate::bridge::{Fault, key};
use crate::observation::TraceContext;
use crate::wire::{Edits, Message, ObjectEdit};

/// The edits that take out what belongs to 2026-07-28 alone; `_meta` keeps its progress token, its
/// `traceparent` (unless the request is made in another `trace`) and everything else. A `task` is taken
/// out, too: tasks are hidden across eras.
pub fn request(message: &Message, trace: Option<&TraceContext>) -> Result<Edits, Fault> {
    const NOT_OBJECTS: Fault =
        Fault::BadParams("`params` and `params._meta` must be objects, each there once");
    let whole = message.bytes();
    let Some(params) = message.params() else {
        return Ok(trace.map(|trace| trace.edits(message)).unwrap_or_default());
    };
    let mut outer = ObjectEdit::of(params).ok_or(NOT_OBJECTS)?;
    for key in ["task", "inputResponses", "requestState"] {
        outer.remove(key);
    }
    let mut edits = Edits::default();
    let given = outer.sole("_meta").map_err(|_| NOT_OBJECTS)?;
    if let Some(raw) = given {
        let mut meta = ObjectEdit::of(raw.get().as_bytes()).ok_or(NOT_OBJECTS)?;
        for key in key::OF_REQUESTS {
            meta.remove(key);
        }
        if let Some(trace) = trace {
            trace.put_into(&mut meta);
        }
        if meta.would_be_empty() {
            outer.remove("_meta");
        } else {
            edits.extend(meta.finish(whole));
        }
    } else if let Some(trace) = trace {
        outer.set("_meta", format!("{{{}}}", trace.members()));
    }
    edits.extend(outer.finish(whole));
    Ok(edits)
}
