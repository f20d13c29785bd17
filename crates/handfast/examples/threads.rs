//! Echoes on several threads: `threads {port} shards|pool {threads} [tls] [deflate]`.
//!
//! `shards`: a runtime and a listener for each thread, all on one port, and one task for all connections of a thread; nothing is
//! handed over. `pool`: tokio's usual runtime, which moves tasks to whichever thread has time. `tls` makes a certificate for the run.

use handfast::{BindOptions, DeflateOptions, Error, OriginPolicy, Policy, Server, TlsIdentity};
use std::net::SocketAddr;
use tokio::runtime::Builder;

fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map(String::as_str).unwrap_or_default();
    let address = SocketAddr::from(([127, 0, 0, 1], word(0).parse().unwrap_or(8080)));
    let threads = word(2).parse().unwrap_or(1).max(1);
    let has = |option: &str| words.iter().skip(3).any(|word| word == option);
    let tls = if has("tls") { Some(certificate()?) } else { None };
    let setup = Setup { address, tls, deflates: has("deflate") };
    if word(1) == "pool" {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        // On a worker, so that accepting needs no way between threads either.
        return runtime.block_on(async { tokio::spawn(setup.serve(false)).await.map_err(Error::other)? });
    }
    let shards: Vec<_> = (0..threads)
        .map(|_| {
            let setup = setup.clone();
            std::thread::spawn(move || {
                Builder::new_current_thread().enable_all().build()?.block_on(setup.serve(true))
            })
        })
        .collect();
    shards.into_iter().try_for_each(|shard| shard.join().unwrap_or(Ok(())))
}

#[derive(Clone)]
struct Setup {
    address: SocketAddr,
    tls: Option<TlsIdentity>,
    deflates: bool,
}

impl Setup {
    async fn serve(self, one_task: bool) -> Result<(), Error> {
        let options = BindOptions { reuse_port: true, ..BindOptions::default() };
        // Any page may use an echo: there is nothing to protect.
        let policy = Policy { origin: OriginPolicy::Any, ..Policy::default() };
        let mut server = Server::bind_with(self.address, &options).await?.policy(policy);
        if let Some(identity) = self.tls {
            server = server.tls(identity);
        }
        if self.deflates {
            server = server.deflate(DeflateOptions::default());
        }
        if one_task {
            server = in_one_task(server);
        }
        server
            .serve(|mut ws| async move {
                while let Some(message) = ws.recv().await? {
                    ws.feed(message).await?;
                }
                Ok(())
            })
            .await
    }
}

fn certificate() -> Result<TlsIdentity, Error> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(Error::other)?;
    TlsIdentity::from_pem(signed.cert.pem().as_bytes(), signed.signing_key.serialize_pem().as_bytes())
}

#[cfg(unix)]
fn in_one_task(server: Server) -> Server {
    server.one_task()
}

/// Only on Unix.
#[cfg(not(unix))]
fn in_one_task(server: Server) -> Server {
    server
}
