//! How clients reach us: one module a transport, all of them thin over sessions.
