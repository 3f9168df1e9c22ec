//! The Admin API of the configured shop: sends, and looks at each answer as a whole before anybody reads it.
//!
//! Which document or path is sent is the affair of those who ask; what an error means is in `faults.rs`.

use jackfield_sdk::prelude::*;
use serde::de::DeserializeOwned;

use crate::{faults, settings::Settings};

pub(crate) struct Admin<'c> {
    pub(crate) call: &'c Call,
    pub(crate) settings: Settings,
    endpoint: Endpoint,
}

impl<'c> Admin<'c> {
    pub(crate) fn of(call: &'c Call) -> Result<Self, Failure> {
        Ok(Admin { call, settings: call.settings()?, endpoint: call.http("admin") })
    }

    /// Runs a GraphQL document. Errors hide in three places: the HTTP status and the top-level `errors` are judged
    /// here, a mutation's `userErrors` by its intent.
    pub(crate) fn graphql<T: DeserializeOwned>(
        &self,
        document: &'static str,
        variables: &jackfield_sdk::Value,
    ) -> Result<T, Failure> {
        let path = path!("admin/api" / self.settings.api_version / "graphql.json");
        let response = self.endpoint.graphql(path, document, variables)?.send()?.error_for(faults::status)?;
        self.look_at_headers(&response);
        response.graphql()?.data_or(faults::graphql)
    }

    /// A GET of the older REST API, whose answers name their lists.
    pub(crate) fn rest<T: DeserializeOwned>(
        &self,
        path: Result<Path, Failure>,
        query: &[(&'static str, &str)],
    ) -> Result<T, Failure> {
        let request = self.endpoint.get(path)?.queries(query.iter().copied());
        let response = request.send()?.error_for(faults::status)?;
        self.look_at_headers(&response);
        response.json()
    }

    /// The version of the API, as the first segments of a REST path.
    pub(crate) fn version(&self) -> &str {
        &self.settings.api_version
    }

    /// An expired version is not refused but answered by the oldest one left, which may mean other things by the same
    /// names: the operator should hear of it before a customer does.
    fn look_at_headers(&self, response: &Response) {
        let configured = self.version();
        if let Some(answered) = response.header("x-shopify-api-version").filter(|answered| *answered != configured) {
            warn!("Shopify answered with another API version than the configured one"; configured, answered);
        }
        if let Some(reason) = response.header("x-shopify-api-deprecated-reason") {
            warn!("Shopify calls this request deprecated"; reason);
        }
    }
}
