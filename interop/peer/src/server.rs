//! The server that other implementations' clients check. Prints `listening PORT`.
//!
//! | path | does |
//! | --- | --- |
//! | `/echo` | every message comes back |
//! | `/subprotocol` | the same, and picks chat.v2 when it is offered |
//! | `/close` | closes at once with 4001 and a reason |
//! | other | answers 403 with a field and a body |

use handfast::{Answer, CloseCode, Error, HttpResponse, Request, Server, WebSocket};

use crate::Outcome;

/// Serves on a free port of 127.0.0.1 until it is ended.
pub async fn run() -> Outcome {
    listen(|server| server.run(answer)).await
}

/// The same for a server of another kind.
pub async fn listen<F: Future<Output = Result<(), Error>>>(serve: impl FnOnce(Server) -> F) -> Outcome {
    let server = Server::bind("127.0.0.1:0").await?;
    println!("listening {}", server.local_addr()?.port());
    Ok(serve(server).await?)
}

async fn answer(request: Request) -> Result<(), Error> {
    match request.path() {
        "/echo" => echo(request.accept().await?).await,
        "/subprotocol" => echo(request.accept_with(&Answer::new().subprotocols(["chat.v2"])?).await?).await,
        "/close" => {
            let code = CloseCode::new(4001).map_err(Error::Misuse)?;
            request.accept().await?.close(code, "see you").await
        }
        _ => request.respond(HttpResponse::text(403, "not for you\n").field("X-Reason", "interop")?).await,
    }
}

async fn echo(mut ws: WebSocket) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.send(message).await?;
    }
    Ok(())
}
