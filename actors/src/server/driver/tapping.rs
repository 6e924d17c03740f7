//! The frames of this connection, for whoever watches them.

use super::{Driver, Inbound, Payload};
use crate::fleet::{Direction, Place, Said};

impl Driver {
    /// A frame is about to be handed to the transport.
    pub(super) fn sends(&self, payload: &Payload) {
        let context = &self.context;
        let said = || Said::of_ours(&payload.to_bytes(), &context.spec.mask);
        context.card.tap.passes(self.place(Direction::Out), said);
    }

    /// Something came from the server. What is no frame (a failed delivery, the end) passes unseen.
    pub(super) fn hears(&self, inbound: &Inbound) {
        let (tap, mask) = (&self.context.card.tap, &self.context.spec.mask);
        let place = self.place(Direction::In);
        match inbound {
            Inbound::Message { message, .. } => tap.passes(place, || Said::message(message, mask)),
            Inbound::Noise(noise) => tap.passes(place, || Said::noise(noise, mask)),
            Inbound::Failed { .. } | Inbound::Lost(_) => {}
        }
    }

    fn place(&self, direction: Direction) -> Place {
        let context = &self.context;
        Place { generation: context.generation, own: context.own.is_some(), direction }
    }
}
