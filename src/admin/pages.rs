//! Groups of pages. A page is routed by what describes it: its path and its method are those of its
//! `#[utoipa::path]`, written once.
//!
//! The description itself takes a megabyte of code and most of the time a gateway needs to start, and is the
//! same each time: so tests alone make it, and the product serves the file they keep (see
//! [`super::routes`]).
//!
//! *Invariant:* no page is routed that is not described.

use super::Desk;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa_axum::PathItemExt;
#[cfg(test)]
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// The pages of one path, each a handler with `#[utoipa::path]`.
macro_rules! routes {
    ($($handler:ident),+) => {{
        let page = utoipa_axum::paste! {
            $crate::admin::pages::Page::default()$(.on::<[<__path_ $handler>], _, _>($handler))+
        };
        #[cfg(test)]
        let page = page.described(utoipa_axum::routes!($($handler),+));
        page
    }};
}
pub(super) use routes;

/// A group of pages.
#[derive(Default)]
pub(super) struct Pages {
    router: Router<Desk>,
    #[cfg(test)]
    described: OpenApiRouter<Desk>,
}

impl Pages {
    /// With those of one path, as [`routes!`] gives them.
    pub(super) fn routes(mut self, page: Page) -> Self {
        let Page { path, router, .. } = page;
        self.router = self.router.route(path.as_str(), router);
        #[cfg(test)]
        if let Some(described) = page.described {
            self.described = self.described.routes(described);
        }
        self
    }

    /// With those of another group.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        #[cfg(test)]
        {
            self.described = self.described.merge(other.described);
        }
        self
    }

    /// What serves them.
    pub(super) fn into_router(self) -> Router<Desk> {
        self.router
    }

    /// What describes them.
    #[cfg(test)]
    pub(super) fn into_description(self) -> utoipa::openapi::OpenApi {
        self.described.into_openapi()
    }
}

/// The pages of one path.
#[derive(Default)]
pub(super) struct Page {
    path: String,
    router: MethodRouter<Desk>,
    #[cfg(test)]
    described: Option<UtoipaMethodRouter<Desk>>,
}

impl Page {
    /// With this page, at the path and for the method it is described with.
    pub(super) fn on<D, H, T>(mut self, handler: H) -> Self
    where
        D: utoipa::Path,
        H: Handler<T, Desk>,
        T: 'static,
    {
        self.path = D::path();
        let methods = D::methods().into_iter().map(|method| method.to_method_filter());
        if let Some(methods) = methods.reduce(MethodFilter::or) {
            self.router = self.router.on(methods, handler);
        }
        self
    }

    /// With what describes it.
    #[cfg(test)]
    pub(super) fn described(mut self, described: UtoipaMethodRouter<Desk>) -> Self {
        self.described = Some(described);
        self
    }
}
