//! `jackfield connect CONNECTION`: asks a person's consent in a browser and keeps what it gives, sealed. The page is the
//! business system's own; this host listens on the loopback interface for the one callback that answers it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::get;
use jackfield_core::call::User;
use jackfield_core::grant::{EndpointGrant, Subject};
use jackfield_core::manifest::{Scheme, TokenGrant};
use jackfield_egress::Authorization;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::{ConfigArgs, runtime};
use crate::app::App;
use crate::exit::Exit;
use crate::registry::Connection;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Name of a connection.
    connection: String,
    /// Whose consent it is, by the bot service's id, where the connection's subject is the user.
    #[arg(long)]
    user: Option<String>,
    /// That person's e-mail address, where the auth scheme names it.
    #[arg(long, requires = "user")]
    user_email: Option<String>,
    /// Only this endpoint, where the connection has several that ask for consent.
    #[arg(long)]
    endpoint: Option<String>,
    /// Port of the loopback address that the browser comes back to; any free one by default. Systems that compare the
    /// callback URL to the letter need the one that is registered there.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Callback URL as it is registered at the system, where it is not `http://127.0.0.1:PORT/callback`.
    #[arg(long)]
    redirect_uri: Option<String>,
    /// Print the page's address and do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// Read the address that the browser ended at from standard input, where the browser runs on another machine.
    #[arg(long)]
    paste: bool,
    /// How long to wait for the person, in seconds.
    #[arg(long, default_value_t = 300)]
    timeout_s: u64,
}

/// A callback and where to say what came of it.
type Callback = (String, oneshot::Sender<Result<(), String>>);

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let app = match args.config.open(None) {
        Ok(app) => app,
        Err(exit) => return Ok(exit),
    };
    let Some(connection) = app.registry.connection(&args.connection).cloned() else {
        let known: Vec<_> = app.registry.connections().map(|c| c.name.to_string()).collect();
        eprintln!("error: no connection `{}`; there are {}", args.connection, known.join(", "));
        return Ok(Exit::Usage);
    };
    let user = match whose(&args, &connection) {
        Ok(user) => user,
        Err(why) => {
            eprintln!("error: {why}");
            return Ok(Exit::Usage);
        }
    };
    let endpoint = match endpoint(&args, &connection) {
        Ok(endpoint) => endpoint,
        Err(why) => {
            eprintln!("error: {why}");
            return Ok(Exit::Usage);
        }
    };
    runtime()?.block_on(async {
        let asked = consent(&app, &args, &endpoint, user.as_ref()).await;
        // What was asked for and granted is on record before this process ends.
        app.flush().await;
        match asked? {
            Ok(()) => {
                eprintln!("connection `{}` is connected", connection.name);
                Ok(Exit::Ok)
            }
            Err(why) => {
                eprintln!("error: {}", crate::telemetry::clean(&why));
                Ok(Exit::Failed)
            }
        }
    })
}

/// Whose consent it is.
fn whose(args: &Args, connection: &Connection) -> Result<Option<Arc<User>>, String> {
    match (connection.subject, &args.user) {
        (Subject::Connection, None) => Ok(None),
        (Subject::Connection, Some(_)) => {
            Err(format!("connection `{}` has one credential for all users: leave out `--user`", connection.name))
        }
        (Subject::User, None) => Err(format!(
            "connection `{}` has a credential for each user: say whose this is with `--user ID`",
            connection.name
        )),
        (Subject::User, Some(id)) => {
            let email = args.user_email.as_ref().map(|email| email.trim().to_lowercase());
            Ok(Some(Arc::new(User { id: id.clone(), email, phone: None })))
        }
    }
}

/// The endpoint whose consent is asked for; endpoints that share a token count once.
fn endpoint(args: &Args, connection: &Connection) -> Result<Arc<EndpointGrant>, String> {
    let mut asking: Vec<&Arc<EndpointGrant>> = connection.grant.endpoints().filter(|e| asks_consent(e)).collect();
    asking.dedup_by(|a, b| a.slot == b.slot);
    if let Some(name) = &args.endpoint {
        asking.retain(|e| e.name == *name);
    }
    match asking.as_slice() {
        [only] => Ok(Arc::clone(only)),
        [] => Err(format!(
            "connection `{}` needs no consent{}: its auth schemes have no `authorize_url`",
            connection.name,
            args.endpoint.as_ref().map(|e| format!(" for endpoint `{e}`")).unwrap_or_default()
        )),
        several => {
            let names: Vec<_> = several.iter().map(|e| format!("`{}`", e.name)).collect();
            Err(format!("several endpoints ask for consent: choose with `--endpoint`, of {}", names.join(", ")))
        }
    }
}

fn asks_consent(endpoint: &EndpointGrant) -> bool {
    let Scheme::OAuth2(oauth2) = &endpoint.scheme else { return false };
    matches!(oauth2.grant, TokenGrant::RefreshToken { authorize_url: Some(_), .. })
}

/// Sends the person to the page and waits for the answer. The outer result is the machine's trouble, the inner one
/// what became of the consent.
async fn consent(
    app: &App,
    args: &Args,
    endpoint: &Arc<EndpointGrant>,
    user: Option<&Arc<User>>,
) -> anyhow::Result<Result<(), String>> {
    let listener = if args.paste {
        None
    } else {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
        Some(TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?)
    };
    let port = listener.as_ref().map_or(Ok(args.port), |l| l.local_addr().map(|a| a.port()))?;
    let redirect_uri = args.redirect_uri.clone().unwrap_or_else(|| format!("http://127.0.0.1:{port}/callback"));
    let authorization = match app.egress().authorization(endpoint, &redirect_uri, user) {
        Ok(authorization) => authorization,
        Err(error) => return Ok(Err(error.to_string())),
    };
    eprintln!("agree on this page, and come back:\n  {}", authorization.url());
    if !args.no_browser && !args.paste && open::that_detached(authorization.url().as_str()).is_err() {
        eprintln!("no browser opens here: copy the address into one");
    }
    let waiting = async {
        match listener {
            Some(listener) => called_back(app, listener, authorization).await,
            None => pasted(app, authorization).await,
        }
    };
    match tokio::time::timeout(Duration::from_secs(args.timeout_s), waiting).await {
        Ok(done) => done,
        Err(_) => Ok(Err(format!("nobody agreed within {} seconds; run it again", args.timeout_s))),
    }
}

/// Serves the callback until one comes that answers this request. Others are refused and waited past, so that a stray
/// or forged one cannot end the wait.
async fn called_back(
    app: &App,
    listener: TcpListener,
    authorization: Authorization,
) -> anyhow::Result<Result<(), String>> {
    let (callbacks, mut called) = mpsc::channel::<Callback>(1);
    let routes = Router::new().route("/callback", get(callback)).with_state(callbacks);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(
        axum::serve(listener, routes)
            .with_graceful_shutdown(async {
                let _ = stopped.await;
            })
            .into_future(),
    );
    let outcome = loop {
        let Some((query, tell)) = called.recv().await else {
            break Err("the listener ended".to_owned());
        };
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let state = pairs.filter(|(name, _)| name == "state").map(|(_, value)| value).next().unwrap_or_default();
        if !authorization.is_answered_by(&state) {
            let _ = tell.send(Err("this is not the answer to the request that is waiting".to_owned()));
            continue;
        }
        let outcome = app.egress().finish(authorization, &query).await.map_err(|error| error.to_string());
        let _ = tell.send(outcome.clone());
        break outcome;
    };
    let _ = stop.send(());
    // The browser gets its page before the process ends.
    serving.await??;
    Ok(outcome)
}

/// What the browser sees.
async fn callback(State(callbacks): State<mpsc::Sender<Callback>>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let (tell, told) = oneshot::channel();
    if callbacks.send((query.unwrap_or_default(), tell)).await.is_err() {
        return (StatusCode::GONE, "nobody waits for this any more\n".to_owned());
    }
    match told.await {
        Ok(Ok(())) => (StatusCode::OK, "connected: you can close this page\n".to_owned()),
        Ok(Err(why)) => (StatusCode::BAD_REQUEST, format!("not connected: {}\n", crate::telemetry::clean(&why))),
        Err(_) => (StatusCode::GONE, "nobody waits for this any more\n".to_owned()),
    }
}

/// Takes the whole address that the browser ended at, or only its query.
async fn pasted(app: &App, authorization: Authorization) -> anyhow::Result<Result<(), String>> {
    eprintln!("paste the address that the browser ends at:");
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = line.await??;
    let query = line.trim().split_once('?').map_or(line.trim(), |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    Ok(app.egress().finish(authorization, query).await.map_err(|error| error.to_string()))
}
