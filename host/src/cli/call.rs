//! `jackfield call CONNECTION INTENT JSON`: one intent through the whole pipeline but the wire, as the operator.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ConfigArgs, runtime};
use crate::admission::{Caller, Received};
use crate::exit::Exit;
use crate::pipeline::{self, Answered};
use crate::trace::Trace;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Name of a connection.
    connection: String,
    /// Name of an intent, such as `order.status`.
    intent: String,
    /// The intent's input as JSON.
    #[arg(default_value = "{}")]
    input: String,
    /// The bot service's id of the person in the chat, who counts as verified.
    #[arg(long)]
    user: Option<String>,
    /// Their verified e-mail address.
    #[arg(long)]
    user_email: Option<String>,
    /// Language of the text.
    #[arg(long, default_value = "en")]
    locale: String,
    /// IANA time zone of the text's dates.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// For a write: stable for retries.
    #[arg(long)]
    idempotency_key: Option<String>,
    /// The token of a question that was asked before: yes. It is known again only where there is a `[vault]`.
    #[arg(long)]
    confirmation: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let input: Value = match serde_json::from_str(&args.input) {
        Ok(input) => input,
        Err(error) => {
            eprintln!("error: the input is not JSON: {error}");
            return Ok(Exit::Usage);
        }
    };
    let app = match args.config.open(None) {
        Ok(app) => app,
        Err(exit) => return Ok(exit),
    };
    let Some(connection) = app.registry.connection(&args.connection) else {
        let known: Vec<_> = app.registry.connections().map(|c| c.name.to_string()).collect();
        eprintln!("error: no connection `{}`; there are {}", args.connection, known.join(", "));
        return Ok(Exit::Usage);
    };
    let mut context = json!({ "locale": args.locale, "time_zone": args.time_zone });
    if args.user.is_some() || args.user_email.is_some() {
        let id = args.user.as_deref().unwrap_or("operator");
        context["user"] = json!({ "id": id, "email": args.user_email, "verified": true });
    }
    let mut body = json!({ "input": input, "connection": args.connection, "context": context });
    if let Some(token) = &args.confirmation {
        body["confirmation"] = json!({ "token": token });
    }
    let body = body.to_string();
    let caller = Arc::new(Caller::new("operator", &connection.tenant, vec!["intent:*".to_owned()], 1));
    let received =
        Received { intent: &args.intent, body: body.as_bytes(), idempotency_key: args.idempotency_key.as_deref() };
    let trace = Trace::new(None);
    let answer = runtime()?.block_on(async {
        let answer = pipeline::answer(&app, caller, received, &trace).await;
        // What was done is on record before its outcome is shown.
        app.flush().await;
        answer
    });
    match answer {
        Ok(Answered::Before(answer)) => {
            let body: Value = serde_json::from_str(&answer.body)?;
            eprintln!("{}\n(as answered before)", body["text"].as_str().unwrap_or_default());
            println!("{}", serde_json::to_string_pretty(&body)?);
            Ok(if answer.status == 200 { Exit::Ok } else { Exit::Problem })
        }
        Ok(Answered::Now(reply)) => {
            eprintln!("{}", reply.text);
            println!("{}", serde_json::to_string_pretty(&reply)?);
            Ok(Exit::Ok)
        }
        Err(problem) => {
            // The operator sees the private side too; a caller over HTTP does not.
            eprintln!("{problem}");
            let body: Value = serde_json::from_slice(&problem.to_json())?;
            println!("{}", serde_json::to_string_pretty(&body)?);
            Ok(Exit::Problem)
        }
    }
}
