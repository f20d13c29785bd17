//! Idle connections over TLS, one after the other and with blocking sockets: only the server's memory is measured.

use crate::net::*;
use crate::stream::{deflate, inflate, pause, push_frame, text, Looks};
use crate::util::*;
use crate::Args;
use flate2::Decompress;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

type Tls = StreamOwned<ClientConnection, TcpStream>;

pub fn idle(a: &Args, j: &mut Json) -> Res<()> {
    let port = a.int("port", 0) as u16;
    let pid = a.int("pid", 0) as i32;
    let conns = a.int("conns", 10_000);
    let size = a.int("size", 1024);
    let want_deflate = a.flag("deflate");
    let mut rng = Rng::seeded();
    let keys = Keys::new(1024, &mut rng);
    let mut req = Request::minimal(port, &a.str("path", "/"), want_deflate.then_some(OFFER));
    let config = config()?;
    let plain = text("json", size, &mut rng);
    j.int("conns", conns as u64);
    j.int("size", size as u64);
    let mut connect = |i: usize| -> Res<Tls> {
        let (mut tls, agreed) = open(port, &config, &mut req, &keys, i)?;
        match want_deflate && !agreed {
            true => Err("the server did not accept permessage-deflate".into()),
            false => tls.flush().map(|()| tls).map_err(|e| e.to_string()),
        }
    };
    // One connection first, so that lazily made tables are not charged to the many.
    let mut first = connect(0)?;
    echo(&mut first, &plain, want_deflate, &mut rng)?;
    drop(first);
    let mut looks = Looks::new(pid, a.num("settle", 1.0));
    let mut list = Vec::with_capacity(conns);
    for i in 0..conns {
        list.push(connect(i)?);
    }
    looks.opened();
    for tls in &mut list {
        echo(tls, &plain, want_deflate, &mut rng)?;
    }
    looks.echoed();
    let version = list.first().and_then(|tls| tls.conn.protocol_version());
    j.str("tls", &format!("{version:?}"));
    drop(list);
    pause(0.5);
    looks.closed(j, conns);
    j.int("ops", conns as u64);
    Ok(())
}

fn open(port: u16, config: &Arc<ClientConfig>, req: &mut Request, keys: &Keys, i: usize) -> Res<(Tls, bool)> {
    let io = |e: std::io::Error| format!("connection {i}: {e}");
    let name = ServerName::try_from("localhost").map_err(|e| e.to_string())?;
    let tls = ClientConnection::new(config.clone(), name).map_err(|e| e.to_string())?;
    // Any address of 127.0.0.0/8 leads to a server on 127.0.0.1 only from there: one source has 28 000 ports.
    let tcp = TcpStream::connect(("127.0.0.1", port)).map_err(io)?;
    tcp.set_nodelay(true).map_err(io)?;
    tcp.set_read_timeout(Some(std::time::Duration::from_secs(20))).map_err(io)?;
    let mut tls = StreamOwned::new(tls, tcp);
    let (key, accept) = keys.get(i);
    tls.write_all(req.with_key(key)).map_err(io)?;
    let mut head = [0; 2048];
    let mut len = 0;
    loop {
        len += match tls.read(&mut head[len..]).map_err(io)? {
            0 => return Err("the server closed".into()),
            n => n,
        };
        if let Some(answer) = check_101(&head[..len], accept)? {
            return Ok((tls, answer.deflate));
        }
    }
}

/// One echo: a single unmasked frame with the same payload, or a compressed one that inflates to it.
fn echo(tls: &mut Tls, plain: &[u8], deflates: bool, rng: &mut Rng) -> Res<()> {
    let io = |e: std::io::Error| e.to_string();
    let mut frame = Vec::new();
    if deflates {
        push_frame(&mut frame, 0xC1, &deflate(plain), rng);
    } else {
        push_frame(&mut frame, 0x81, plain, rng);
    }
    tls.write_all(&frame).map_err(io)?;
    let mut header = [0; 2];
    tls.read_exact(&mut header).map_err(io)?;
    let mut long = [0; 8];
    let size = match header[1] {
        126 => tls.read_exact(&mut long[6..]).map(|()| u64::from_be_bytes(long)),
        127 => tls.read_exact(&mut long).map(|()| u64::from_be_bytes(long)),
        n => Ok(u64::from(n)),
    };
    let size = size.map_err(io)? as usize;
    if header[0] & 0xBF != 0x81 || header[1] & 0x80 != 0 || size > plain.len() + 64 {
        return Err(format!("a wrong frame: {header:02x?}"));
    }
    let mut payload = vec![0; size];
    tls.read_exact(&mut payload).map_err(io)?;
    if header[0] & 0x40 != 0 {
        payload = inflate(&mut Decompress::new(false), &mut payload, plain.len())?;
    }
    if payload != plain {
        return Err("the echo differs".into());
    }
    Ok(())
}

fn config() -> Res<Arc<ClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    // Every connection is a new one.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Trusts everyone.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
