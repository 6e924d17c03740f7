//! Where requests come under observation.

use super::meta::told;
use super::{Observer, Origin, TraceContext, Watched};
use crate::wire::{Kind, Message};
use std::sync::Arc;

/// Who looks at the requests that come through a face, if anybody does; cheap to clone.
#[derive(Debug, Clone)]
pub struct Lookout {
    observer: Option<Arc<dyn Observer>>,
    face: &'static str,
}

impl Lookout {
    /// For requests that come through no face of their own.
    pub fn new(observer: &Arc<dyn Observer>) -> Self {
        let observer = (!observer.is_idle()).then(|| Arc::clone(observer));
        Self { observer, face: "api" }
    }

    /// For requests that come through this face, as [`Origin::face`] names it.
    #[must_use]
    pub fn through(self, face: &'static str) -> Self {
        Self { face, ..self }
    }

    /// How they come in.
    pub(crate) fn face(&self) -> &'static str {
        self.face
    }

    /// Who looks.
    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// A request came, of whom `origin` says; `ambient` is what came beside it of its trace. `None` when
    /// nobody looks, or it is no request.
    pub(crate) fn begin(
        &self,
        message: &Message,
        ambient: Option<TraceContext>,
        origin: impl FnOnce(&'static str) -> Origin,
    ) -> Option<Watched> {
        let observer = self.observer()?;
        let Kind::Request { id, method } = message.kind() else { return None };
        let trace = observer.trace(told(message), ambient);
        let (origin, bytes) = (origin(self.face), message.bytes().len());
        Some(Watched::begin(observer, origin, id, method, bytes, trace))
    }
}
