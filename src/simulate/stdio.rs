//! The simulated server on stdin and stdout: a line is a message.

use super::fault::Fault;
use super::lines::BANNER;
use super::outlet::Outlet;
use super::request::receive;
use super::server::{Exchange, Server};
use std::io::BufRead;
use std::sync::Arc;

/// Reads and answers until stdin ends, and longer if that is to be ignored.
pub(super) fn serve(server: &Arc<Server>) {
    let exchange =
        Exchange { server: Arc::clone(server), reply: Outlet::Stdout, notes: Outlet::Stdout };
    if server.faults.on(Fault::Garbage) {
        server.deliver(&Outlet::Stdout, vec![BANNER.to_vec()]);
    }
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        server.faults.wait_while(Fault::FreezeLoop);
        server.files.record(&line);
        receive(&exchange, &line);
        line.clear();
    }
    server.faults.wait_while(Fault::FreezeLoop);
    server.faults.wait_while(Fault::IgnoreTerm);
}
