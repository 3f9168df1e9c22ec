//! The credentials the simulated systems accept. They open nothing but these simulations.

/// Shopify: a custom app's token with every scope the simulation knows.
pub const SHOPIFY_TOKEN: &str = "shpat_demo_0123456789abcdef0123456789abcdef";
/// Shopify: a token with the read scopes only.
pub const SHOPIFY_READ_ONLY_TOKEN: &str = "shpat_read_0123456789abcdef0123456789abcdef";
/// Shopify: a token with `read_products` only.
pub const SHOPIFY_CATALOGUE_TOKEN: &str = "shpat_shelf_0123456789abcdef0123456789abcdef";
/// Shopify: the client id of the client credentials grant, which answers [`SHOPIFY_TOKEN`].
pub const SHOPIFY_CLIENT_ID: &str = "shopify-demo-client";
/// Shopify: the secret that goes with [`SHOPIFY_CLIENT_ID`].
pub const SHOPIFY_CLIENT_SECRET: &str = "shpss_demo_0123456789abcdef";

/// Zendesk: the agent whose e-mail address goes with [`ZENDESK_API_TOKEN`].
pub const ZENDESK_EMAIL: &str = "agent@example.com";
/// Zendesk: an API token; as with the vendor, it acts as any agent whose e-mail address comes with it.
pub const ZENDESK_API_TOKEN: &str = "zendesk-demo-token-0123456789";
/// Zendesk: an OAuth access token of agent@example.com with the scopes read and write.
pub const ZENDESK_OAUTH_TOKEN: &str = "zendesk-demo-oauth-0123456789";
/// Zendesk: an OAuth access token of agent@example.com with the scope read.
pub const ZENDESK_READ_ONLY_OAUTH_TOKEN: &str = "zendesk-read-oauth-0123456789";
/// Zendesk: the client id of the client credentials grant, which answers [`ZENDESK_OAUTH_TOKEN`].
pub const ZENDESK_CLIENT_ID: &str = "zendesk-demo-client";
/// Zendesk: the secret that goes with [`ZENDESK_CLIENT_ID`].
pub const ZENDESK_CLIENT_SECRET: &str = "zendesk-demo-secret-0123456789";
