//! Puts other implementations on the machine, when they are not there: Debian's packages by apt, the others by npm and
//! pip, each pinned by a lock file. Where a package manager is missing, the step that wanted it is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::paths;
use crate::process::{self, find_program};
use crate::report::{Stop, Verdict};

/// The longest that one installation may take.
const LIMIT: Duration = Duration::from_secs(600);

/// Where installed things and logs go: below cargo's own output folder, so that cleaning removes them.
pub fn folder() -> PathBuf {
    target().join("interop")
}

/// Cargo's output folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| paths::at("target"), |folder| paths::root().join(folder))
}

/// The log of a step or of a part of it.
pub fn log(name: &str) -> PathBuf {
    folder().join("logs").join(format!("{name}.log"))
}

/// The program, after installing Debian packages if it is missing.
pub fn program(name: &str, packages: &[&str]) -> Verdict<PathBuf> {
    if let Some(found) = find_program(name) {
        return Ok(found);
    }
    apt(packages, name)?;
    find_program(name)
        .ok_or_else(|| Stop::Failed(format!("{packages:?} are installed, yet there is no {name}")))
}

/// Installs Debian packages; `wanted` is what they are for.
pub fn apt(packages: &[&str], wanted: &str) -> Verdict<()> {
    if find_program("apt-get").is_none() {
        return Err(Stop::Skipped(format!("{wanted} is missing, and so is apt-get to install it")));
    }
    let list = packages.join(" ");
    // A service that a package brings is not to be started: the steps run their own, on 127.0.0.1.
    let script = format!(
        "policy=/usr/sbin/policy-rc.d
         if [ ! -e $policy ]; then
             printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod +x $policy || exit 1
             trap 'rm -f $policy' EXIT
         fi
         export DEBIAN_FRONTEND=noninteractive
         install='apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 {list}'
         $install || {{ apt-get update && $install; }}"
    );
    let mut command = match root()? {
        true => Command::new("sh"),
        false => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    println!("        installing {list} (apt)");
    let ended = process::run("apt-get", command.args(["-c", &script]), log(&format!("apt-{wanted}")), LIMIT)?;
    ended.checked(&format!("apt-get install {list}"))?;
    Ok(())
}

/// Whether this is root; an error if it is not and cannot become it.
fn root() -> Verdict<bool> {
    let says = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())
    };
    if says("id", &["-u"]).is_some_and(|output| output.stdout.trim_ascii() == b"0") {
        return Ok(true);
    }
    match says("sudo", &["-n", "true"]) {
        Some(_) => Ok(false),
        None => Err(Stop::Skipped("installing needs root, or sudo without a password".to_owned())),
    }
}

/// Node, after installing what a folder's lock file names beside it. The folder is named from the top.
pub fn npm(folder: &str) -> Verdict<PathBuf> {
    let node = program("node", &["nodejs"])?;
    let npm = program("npm", &["npm"])?;
    let folder = paths::at(folder);
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    once(&folder.join("package-lock.json"), &folder.join("node_modules/.installed"), "npm", || {
        let name = format!("npm-{}", folder.file_name().unwrap_or_default().to_string_lossy());
        process::run("npm ci", &mut command, log(&name), LIMIT)?.checked("npm ci")
    })?;
    Ok(node)
}

/// The Python of a virtual environment that holds what a requirements file with hashes names.
pub fn pip(name: &str, requirements: &str) -> Verdict<PathBuf> {
    let python = python()?;
    let requirements = paths::at(requirements);
    let home = folder().join(format!("{name}-venv"));
    let inside = home.join("bin/python");
    once(&requirements, &home.join(".installed"), "pip", || {
        let mut make = Command::new(&python);
        make.args(["-m", "venv", "--clear"]).arg(&home);
        process::run("venv", &mut make, log(&format!("venv-{name}")), LIMIT)?.checked("python3 -m venv")?;
        let mut install = Command::new(&inside);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        install.args(["--require-hashes", "--requirement"]).arg(&requirements);
        process::run("pip", &mut install, log(&format!("pip-{name}")), LIMIT)?.checked("pip install")
    })?;
    Ok(inside)
}

/// A Python of at least 3.10 that can make virtual environments.
fn python() -> Verdict<PathBuf> {
    let fits = |python: &PathBuf| {
        let test = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";
        Command::new(python).args(["-c", test]).output().is_ok_and(|output| output.status.success())
    };
    let find = || {
        ["python3", "python3.13", "python3.12", "python3.11", "python3.10"]
            .into_iter()
            .filter_map(find_program)
            .chain(["/usr/bin/python3"].map(PathBuf::from))
            .find(fits)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    apt(&["python3", "python3-venv"], "python3")?;
    find().ok_or_else(|| Stop::Skipped("there is no Python of at least 3.10 with venv".to_owned()))
}

/// Runs `install` unless `stamp` holds what `lock` holds, that is, unless it was done before.
fn once(
    lock: &Path,
    stamp: &Path,
    by: &str,
    install: impl FnOnce() -> Result<String, String>,
) -> Verdict<()> {
    let wanted = paths::read(lock)?;
    if std::fs::read_to_string(stamp).is_ok_and(|stands| stands == wanted) {
        return Ok(());
    }
    println!("        installing what {} names ({by})", paths::shown(lock));
    install()?;
    paths::write(stamp, wanted)?;
    Ok(())
}
