//! handfast's own side of the tests with other implementations, made with the library as its users have it.
//!
//! `handfast-interop server` echoes and misbehaves on request, `handfast-interop axum [CERTIFICATE KEY]` does the same in an
//! axum application, `handfast-interop behind-nginx` is the example of that name, `handfast-interop client URL CHECK...` checks an
//! echo server, `handfast-interop autobahn` goes through the cases of Autobahn's fuzzing server.

mod autobahn;
mod axum;
#[path = "../../../crates/handfast/examples/behind_nginx.rs"]
#[expect(dead_code, reason = "its `main` listens on a fixed port")]
mod behind_nginx;
mod checks;
mod server;

use std::process::ExitCode;

/// What each part hands back; the text is for people.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["server"] => server::run().await,
        ["axum"] => axum::run(None).await,
        ["axum", certificate, key] => axum::run(Some((certificate, key))).await,
        ["behind-nginx"] => server::listen(behind_nginx::serve).await,
        ["client", url, names @ ..] => {
            checks::run(url, names).await;
            Ok(())
        }
        ["autobahn"] => autobahn::run().await,
        _ => Err("handfast-interop server | axum [CERTIFICATE KEY] | behind-nginx | client URL CHECK... | autobahn".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
