//! CPython 2.7 for Autobahn's suite: one that is there, or else Debian bullseye's, unpacked below the output folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::autobahn;
use crate::process::find_program;
use crate::report::{Stop, Verdict};
use crate::{Outcome, install, paths, process};

/// The longest that installing interpreter and suite may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What the interpreter needs, as bullseye names it.
const PACKAGES: [&str; 8] = [
    "python2.7",
    "python2.7-minimal",
    "libpython2.7",
    "libpython2.7-stdlib",
    "libpython2.7-minimal",
    "libpython2.7-dev",
    "libssl1.1",
    "libffi7",
];

/// Installs the suite, with an interpreter for it; sets what `command` needs in its environment to find that.
pub fn prepare(command: &mut Command) -> Verdict<()> {
    // The script makes its environment with the pip of a Python 3.
    let has_pip = Command::new("python3").args(["-m", "pip", "--version"]).output();
    if !has_pip.is_ok_and(|output| output.status.success()) {
        install::apt(&["python3", "python3-pip"], "pip")?;
    }
    let own = try_install(&mut autobahn::script())?;
    if own.is_none() {
        return Ok(());
    }
    let root = unpacked()?;
    environment(&root, command)?;
    let mut installing = autobahn::script();
    environment(&root, &mut installing)?;
    match try_install(&mut installing)? {
        None => Ok(()),
        Some(text) => Err(Stop::Skipped(format!("Autobahn's suite could not be installed\n{text}"))),
    }
}

/// Runs the script's installation; what it said if it failed.
fn try_install(script: &mut Command) -> Outcome<Option<String>> {
    let ended =
        process::run("run-autobahn install", script.arg("install"), install::log("autobahn-install"), LIMIT)?;
    Ok((!ended.success).then_some(ended.text))
}

/// The folder with bullseye's packages unpacked, fetched if it is not there yet.
fn unpacked() -> Verdict<PathBuf> {
    let home = install::folder().join("python2.7");
    let (root, done) = (home.join("root"), home.join("done"));
    if done.is_file() {
        return Ok(root);
    }
    if find_program("apt-get").is_none() || find_program("dpkg").is_none() {
        return Err(Stop::Skipped(
            "there is no Python 2.7 for Autobahn, and no apt-get to fetch one".to_owned(),
        ));
    }
    println!("        fetching Debian bullseye's Python 2.7 into {}", paths::shown(&home));
    for folder in ["root", "debs", "state/lists/partial", "cache/archives/partial"] {
        let folder = home.join(folder);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mirror = mirror().unwrap_or_else(|| "http://deb.debian.org/debian".to_owned());
    let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let sources = home.join("sources.list");
    paths::write(&sources, format!("deb [signed-by={key}] {mirror} bullseye main\n"))?;
    apt(&home, "update", &[])?;
    apt(&home, "download", &PACKAGES)?;
    for package in paths::files(&home.join("debs"), "deb")? {
        let mut unpack = Command::new("dpkg");
        unpack.arg("-x").arg(&package).arg(&root);
        process::run("dpkg -x", &mut unpack, install::log("python2-dpkg"), LIMIT)?.checked("dpkg -x")?;
    }
    paths::write(&done, "")?;
    Ok(root)
}

/// apt-get with lists and cache of its own; nothing of the system's changes.
fn apt(home: &Path, verb: &str, packages: &[&str]) -> Verdict<()> {
    let mut command = Command::new("apt-get");
    command.current_dir(home.join("debs"));
    for (name, value) in [
        ("Dir::Etc::sourcelist", home.join("sources.list")),
        ("Dir::Etc::sourceparts", PathBuf::from("-")),
        ("Dir::State::lists", home.join("state/lists")),
        ("Dir::Cache", home.join("cache")),
        ("APT::Sandbox::User", PathBuf::from("root")),
    ] {
        command.arg("-o").arg(format!("{name}={}", value.display()));
    }
    command.arg(verb).args(packages);
    let ended = process::run("apt-get", &mut command, install::log(&format!("python2-apt-{verb}")), LIMIT)?;
    match ended.checked(&format!("apt-get {verb}")) {
        Ok(_) => Ok(()),
        Err(text) => {
            Err(Stop::Skipped(format!("bullseye's Python 2.7 for Autobahn could not be fetched\n{text}")))
        }
    }
}

/// The address that this machine has its Debian packages from.
fn mirror() -> Option<String> {
    let lists = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"];
    let text: String = lists.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let words =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    words
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.starts_with("http") && word.ends_with("/debian"))
        .map(str::to_owned)
}

/// What makes the unpacked interpreter findable, and able to find its own parts.
fn environment(root: &Path, command: &mut Command) -> Outcome {
    let usr = root.join("usr");
    let library = std::fs::read_dir(usr.join("lib"))
        .map_err(|error| format!("{}: {error}", usr.display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("libssl.so.1.1").exists())
        .ok_or("the unpacked packages hold no libssl.so.1.1")?;
    let include = usr.join("include");
    command.env("AUTOBAHN_PYTHON2", usr.join("bin/python2.7")).env("LD_LIBRARY_PATH", library);
    command.env("CPATH", format!("{}:{}", include.display(), include.join("python2.7").display()));
    Ok(())
}
