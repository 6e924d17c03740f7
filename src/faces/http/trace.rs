//! The trace an HTTP request says it belongs to.
//!
//! Source: W3C "Trace Context" level 2: `tracestate` may come in several headers, which are one list.

use axum::http::HeaderMap;
use mcpvisor_actors::observation::TraceContext;

/// What the headers say; `None` when they say nothing, or something that is not well-formed.
pub(super) fn ambient(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all(TraceContext::PARENT).iter();
    let (parent, None) = (parents.next()?, parents.next()) else { return None };
    let states = headers.get_all(TraceContext::STATE).iter();
    let states: Vec<_> = states.filter_map(|state| state.to_str().ok()).collect();
    TraceContext::parse(parent.to_str().ok()?, Some(&states.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn one_traceparent_counts_and_all_of_tracestate() {
        let mut headers = HeaderMap::new();
        assert_eq!(ambient(&headers), None);
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        assert_eq!(ambient(&headers), TraceContext::parse(PARENT, None));
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_static("b=2"));
        assert_eq!(ambient(&headers), TraceContext::parse(PARENT, Some("a=1,b=2")));
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        assert_eq!(ambient(&headers), None);
    }
}
