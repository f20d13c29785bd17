//! The client that Autobahn's fuzzing server tests: it goes through all cases and echoes.

use std::env::var;

use handfast::{Client, CloseCode, DeflateOptions, Error, WebSocket, connect};

use crate::Outcome;

/// Runs every case of the server at `AUTOBAHN_URL` as the agent `AUTOBAHN_AGENT`, and has the reports written.
pub async fn run() -> Outcome {
    let (url, agent) = (var("AUTOBAHN_URL")?, var("AUTOBAHN_AGENT")?);
    let mut counting = connect(&format!("{url}/getCaseCount")).await?;
    let count: u32 = match counting.recv().await? {
        Some(message) => message.as_text().ok_or("the number of cases is no text")?.parse()?,
        None => return Err("the server closed without telling the number of cases".into()),
    };
    counting.close(CloseCode::NORMAL, "").await?;
    println!("{count} cases");
    for case in 1..=count {
        // Only the cases of compression agree to it, each in its own way.
        let ws = Client::new(&format!("{url}/runCase?case={case}&agent={agent}"))?;
        let mut ws = ws.deflate(DeflateOptions::with_context()).await?;
        // Many cases break the protocol on purpose; the server judges how the connection ends.
        if let Err(error) = echo(&mut ws).await {
            println!("case {case}: {error}");
        }
    }
    let mut reports = connect(&format!("{url}/updateReports?agent={agent}")).await?;
    while reports.recv().await?.is_some() {}
    Ok(())
}

async fn echo(ws: &mut WebSocket) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.send(message).await?;
    }
    Ok(())
}
