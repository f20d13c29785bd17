//! What tokio itself costs a handshake: accept, spawn, read, canned 101 with the real accept value, read to the end.

#[allow(dead_code)]
mod ep;
#[allow(dead_code)]
mod tokio_floor;

use tokio::io::AsyncWriteExt;

fn main() {
    tokio_floor::serve(|mut s| async move {
        if let Ok(Some(answer)) = tokio_floor::read::<4096, _>(&mut s, ep::answer).await {
            if s.write_all(&answer).await.is_ok() {
                while tokio_floor::read::<4096, _>(&mut s, |_| ()).await.is_ok() {}
            }
        }
    });
}
