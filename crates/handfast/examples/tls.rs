//! A server for `wss://`: `cargo run -p handfast --example tls -- chain.pem key.pem`, then
//! `handfast connect --cacert chain.pem wss://localhost:8443/`.
//!
//! A certificate to try it with: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost
//! -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out chain.pem`.

use handfast::{Error, Server, TlsIdentity};

/// Echoes, encrypted. With the feature `http2` it also agrees to HTTP/2, by ALPN.
pub async fn serve(server: Server, identity: TlsIdentity) -> Result<(), Error> {
    server
        .tls(identity)
        .serve(|mut ws| async move {
            while let Some(message) = ws.recv().await? {
                ws.send(message).await?;
            }
            Ok(())
        })
        .await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut files = std::env::args().skip(1);
    let (Some(chain), Some(key)) = (files.next(), files.next()) else {
        return Err(Error::other("two files are wanted: a certificate chain, and its key"));
    };
    serve(Server::bind("127.0.0.1:8443").await?, TlsIdentity::from_files(chain, key)?).await
}
