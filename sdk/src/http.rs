//! Calls to the business system: requests that name an endpoint and a path, never a host, and typed answers.
//!
//! Addresses, credentials, retries, rate budgets and the grant are the host's affair: a connector says what it wants
//! and reads what came.
//!
//! ```
//! # use jackfield_sdk::prelude::*;
//! # use serde::Deserialize;
//! #[derive(Deserialize)]
//! struct Orders { orders: Vec<Order> }
//! #[derive(Deserialize)]
//! struct Order { id: u64 }
//!
//! fn orders(call: &Call, number: &str) -> Result<Vec<Order>, Failure> {
//!     let found: Orders = call
//!         .http("admin")
//!         .get(path!("admin/api" / "2026-01" / "orders.json"))?
//!         .query("name", number)
//!         .send()?
//!         .ok()?
//!         .json()?;
//!     Ok(found.orders)
//! }
//! ```

mod error;
mod graphql;
mod link;
mod path;
mod request;
mod response;

pub use self::{
    error::Error,
    graphql::{GraphQl, GraphQlError},
    link::{Link, next_in},
    path::{IntoPath, Path, with_slash},
    request::{Method, Request, send_all, send_each},
    response::Response,
};

use serde::Serialize;

use crate::{failure::Failure, settings::Standard};

/// The client for one endpoint of the manifest: `call.http("admin")`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    name: String,
    /// What the host says the endpoint's base URL is, for judging links.
    base: Option<String>,
}

impl Endpoint {
    pub(crate) fn new(name: &str, standard: &Standard) -> Self {
        Endpoint { name: name.to_owned(), base: standard.endpoints.get(name).cloned() }
    }

    /// The endpoint's name in the manifest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A GET of this path.
    ///
    /// # Errors
    /// `invalid-input` where the path holds a value that cannot be a path segment; so for all methods.
    pub fn get(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Get, path)
    }

    /// A HEAD of this path.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn head(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Head, path)
    }

    /// A POST to this path.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn post(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Post, path)
    }

    /// A PUT to this path.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn put(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Put, path)
    }

    /// A PATCH of this path.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn patch(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Patch, path)
    }

    /// A DELETE of this path.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn delete(&self, path: impl IntoPath) -> Result<Request, Failure> {
        self.request(Method::Delete, path)
    }

    /// A request of any method.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    pub fn request(&self, method: Method, path: impl IntoPath) -> Result<Request, Failure> {
        Ok(Request::new(&self.name, method, path.into_path()?))
    }

    /// A GraphQL operation. The document is a constant, so that no value of a user can become part of it; values go
    /// into the variables. A query (anything but a `mutation`) is marked as safe to repeat.
    ///
    /// # Errors
    /// Like [`get`](Endpoint::get).
    ///
    /// ```
    /// # use jackfield_sdk::prelude::*;
    /// # use serde::Deserialize;
    /// const ORDER: &str = "query Order($id: ID!) { order(id: $id) { name } }";
    /// #[derive(Deserialize)]
    /// struct Data { order: Option<Order> }
    /// #[derive(Deserialize)]
    /// struct Order { name: String }
    ///
    /// fn order(call: &Call, id: &str) -> Result<Order, Failure> {
    ///     let data: Data = call
    ///         .http("admin")
    ///         .graphql(path!("admin/api" / "2026-01" / "graphql.json"), ORDER, &json!({ "id": id }))?
    ///         .send()?
    ///         .ok()?
    ///         .graphql()?
    ///         .data()?;
    ///     data.order.ok_or_else(Failure::not_found)
    /// }
    /// ```
    pub fn graphql(
        &self,
        path: impl IntoPath,
        document: &'static str,
        variables: &impl Serialize,
    ) -> Result<Request, Failure> {
        Ok(graphql::request(self.post(path)?, document, variables))
    }

    /// Judges a link that the system gave, such as the URL of the next page.
    ///
    /// # Errors
    /// `internal` when it is not a link into this endpoint.
    pub fn link(&self, url: &str) -> Result<Link, Failure> {
        Link::parse(&self.name, self.base.as_deref(), url)
    }

    /// A GET of a link.
    pub fn follow(&self, link: &Link) -> Request {
        let mut request = Request::new(&self.name, Method::Get, link.path().clone());
        request.query = link.query().to_vec();
        request
    }
}
