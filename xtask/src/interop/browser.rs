//! Chromium, driven by Playwright: `interop/browser/`.

use std::process::Command;

use super::{checks_against, programs, scratch};
use crate::report::Verdict;
use crate::{install, paths};

/// The browser on the page of `handfast serve`; a screenshot stays below `target/interop/browser`.
pub fn run() -> Verdict {
    let chromium = install::program("chromium", &["chromium", "fonts-dejavu-core"])?;
    let node = install::npm("interop/browser")?;
    let (server, port) = programs::serve_with("browser-serve", &["--deflate"])?;
    let mut command = Command::new(node);
    command.arg(paths::at("interop/browser/page.mjs")).arg(chromium).arg(format!("http://127.0.0.1:{port}/"));
    checks_against(&server, "browser", command.arg(scratch("browser")?))
}
