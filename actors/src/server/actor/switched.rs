//! Calls of tools that were switched off while they waited.

use super::{Link, fail};
use crate::call::Failure;
use crate::catalog::Switches;
use crate::server::RoutedCall;
use crate::wire::Method;

/// Hands a call to its driver; refuses it when its tool is off.
pub(super) fn send(call: RoutedCall, link: &Link, switches: &Switches) {
    let RoutedCall { ticket, route, .. } = &call;
    let is_tool = ticket.params.method == Method::CallTool;
    if !is_tool || !switches.is_off(&route.server, &route.own) {
        return link.send(call);
    }
    let (server, tool) = (route.server.clone(), route.own.clone());
    fail(call.ticket, &Failure::SwitchedOff { server, tool });
}
