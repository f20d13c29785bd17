//! `cargo xtask screenshots`: the pictures of the playground in the README.

use std::process::Command;
use std::time::Duration;

use crate::interop::programs;
use crate::report::{Stop, Verdict};
use crate::{Outcome, install, paths, process};

/// How long taking them may last.
const LIMIT: Duration = Duration::from_secs(120);

/// Where they stand.
const PLACE: &str = "docs";

/// Takes them in Chromium, and makes them small.
pub fn write() -> Outcome {
    take().map_err(|stop| match stop {
        Stop::Failed(text) | Stop::Skipped(text) => text,
    })
}

fn take() -> Verdict<()> {
    let chromium = install::program("chromium", &["chromium", "fonts-dejavu-core"])?;
    let pngquant = install::program("pngquant", &["pngquant"])?;
    let node = install::npm("interop/browser")?;
    let (_server, port) = programs::serve_with("screenshots-serve", &["--deflate"])?;
    let mut command = Command::new(node);
    command.arg(paths::at("interop/browser/screenshots.mjs")).arg(chromium);
    command.arg(format!("http://127.0.0.1:{port}/")).arg(paths::at(PLACE));
    process::run("screenshots", &mut command, install::log("screenshots"), LIMIT)?.checked("screenshots")?;
    let pictures = paths::files(&paths::at(PLACE), "png")?;
    let pictures = pictures.iter().filter(|path| paths::shown(path).starts_with("docs/playground-"));
    let mut command = Command::new(pngquant);
    command.args(["--force", "--ext", ".png", "--speed", "1", "--strip", "128", "--"]).args(pictures);
    process::run("pngquant", &mut command, install::log("pngquant"), LIMIT)?.checked("pngquant")?;
    Ok(())
}
