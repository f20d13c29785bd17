//! handfast's own side of the tests with other implementations, made with the library as its users have it.
//!
//! `handfast-interop server` echoes and misbehaves on request, `handfast-interop client URL CHECK...` checks an echo
//! server, `handfast-interop autobahn` goes through the cases of Autobahn's fuzzing server.

mod autobahn;
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
        ["client", url, names @ ..] => {
            checks::run(url, names).await;
            Ok(())
        }
        ["autobahn"] => autobahn::run().await,
        _ => Err("handfast-interop server | client URL CHECK... | autobahn".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
