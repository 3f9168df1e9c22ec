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

/// Salesforce: a connected app without refresh token rotation (web server flow and refresh).
pub const SALESFORCE_CLIENT_ID: &str = "3MVG9.salesforce-demo-client";
/// Salesforce: the secret that goes with [`SALESFORCE_CLIENT_ID`].
pub const SALESFORCE_CLIENT_SECRET: &str = "salesforce-demo-secret-0123456789";
/// Salesforce: a refresh token of [`SALESFORCE_CLIENT_ID`] that stays the same.
pub const SALESFORCE_REFRESH_TOKEN: &str = "5Aep861.salesforce-demo-refresh-0123456789";
/// Salesforce: a connected app whose refresh tokens are used once each (web server flow and refresh).
pub const SALESFORCE_ROTATING_CLIENT_ID: &str = "3MVG9.salesforce-rotating-client";
/// Salesforce: the secret that goes with [`SALESFORCE_ROTATING_CLIENT_ID`].
pub const SALESFORCE_ROTATING_CLIENT_SECRET: &str = "salesforce-rotating-secret-0123456789";
/// Salesforce: the first refresh token of [`SALESFORCE_ROTATING_CLIENT_ID`].
pub const SALESFORCE_ROTATING_REFRESH_TOKEN: &str = "5Aep861.salesforce-rotating-refresh-0123456789";
/// Salesforce: the consumer key of the connected app that signs JWTs.
pub const SALESFORCE_JWT_CLIENT_ID: &str = "3MVG9.salesforce-jwt-client";
/// Salesforce: the PKCS#8 PEM of the key whose certificate [`SALESFORCE_JWT_CLIENT_ID`] has registered.
pub const SALESFORCE_JWT_PRIVATE_KEY: &str = include_str!("credentials/salesforce.pem");
/// Salesforce: the connected app with the client credentials flow switched on.
pub const SALESFORCE_INTEGRATION_CLIENT_ID: &str = "3MVG9.salesforce-integration-client";
/// Salesforce: the secret that goes with [`SALESFORCE_INTEGRATION_CLIENT_ID`].
pub const SALESFORCE_INTEGRATION_CLIENT_SECRET: &str = "salesforce-integration-secret-0123456789";
/// Salesforce: the user name that every grant acts as, and that has approved every connected app.
pub const SALESFORCE_USERNAME: &str = "integration@example.com";
/// Salesforce: an access token that is valid from the start, for tests that are not about tokens.
pub const SALESFORCE_ACCESS_TOKEN: &str = "00Dxx0000001gPL!AQ0.salesforce-demo-access-0123456789";

/// SAP S/4HANA: the OAuth 2.0 client of the communication arrangement (client credentials and SAML bearer).
pub const S4HANA_CLIENT_ID: &str = "s4hana-demo-client";
/// SAP S/4HANA: the secret that goes with [`S4HANA_CLIENT_ID`].
pub const S4HANA_CLIENT_SECRET: &str = "s4hana-demo-secret-0123456789";
/// SAP S/4HANA: the communication user for Basic authentication.
pub const S4HANA_USER: &str = "COMM_USER";
/// SAP S/4HANA: the password that goes with [`S4HANA_USER`].
pub const S4HANA_PASSWORD: &str = "s4hana-demo-password-0123456789";
/// SAP S/4HANA: the issuer of the trusted SAML identity provider.
pub const S4HANA_SAML_ISSUER: &str = "https://idp.example.com";
/// SAP S/4HANA: the audience that an assertion is for.
pub const S4HANA_SAML_AUDIENCE: &str = "https://s4hana.example.com/saml";
/// SAP S/4HANA: a business user that an assertion may name.
pub const S4HANA_SAML_USER: &str = "buyer@example.com";
/// SAP S/4HANA: the PKCS#8 PEM of the trusted SAML identity provider's key.
pub const S4HANA_SAML_PRIVATE_KEY: &str = include_str!("credentials/s4hana.pem");

/// SAP SuccessFactors: the company id.
pub const SUCCESSFACTORS_COMPANY: &str = "ACME";
/// SAP SuccessFactors: the API key of the registered OAuth client; there is no secret.
pub const SUCCESSFACTORS_API_KEY: &str = "successfactors-demo-api-key";
/// SAP SuccessFactors: the audience that every assertion is for.
pub const SUCCESSFACTORS_AUDIENCE: &str = "www.successfactors.com";
/// SAP SuccessFactors: the user id of the manager, who sees the other workers.
pub const SUCCESSFACTORS_MANAGER: &str = "103200";
/// SAP SuccessFactors: the user id of the worker with requests and balances.
pub const SUCCESSFACTORS_WORKER: &str = "103266";
/// SAP SuccessFactors: the PKCS#8 PEM of the key whose certificate the API key has registered.
pub const SUCCESSFACTORS_SAML_PRIVATE_KEY: &str = include_str!("credentials/successfactors.pem");
