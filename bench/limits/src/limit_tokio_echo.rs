//! What tokio itself costs an echo: what a read brings is written back, unchanged. `wsload echo --raw`.

#[allow(dead_code)]
mod tokio_floor;

use tokio::io::AsyncWriteExt;

fn main() {
    tokio_floor::serve(|mut s| async move {
        while let Ok(rest) = tokio_floor::echo::<{ 256 * 1024 }>(&mut s).await {
            if !rest.is_empty() && s.write_all(&rest).await.is_err() {
                return;
            }
        }
    });
}
