//! Where a report goes, and the exit code it means.

use super::args::{FailOn, Format, Output, Select};
use crate::exit::{Exit, Failure};
use crate::{escape, explain, output};
use handfast_check::{Event, Report, Verdict};
use handfast_proto::rules::{Level, Rule};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// Everything that comes out of a check: lines of JSON and progress while it runs, the report behind it.
#[derive(Debug)]
pub struct Writer<'a> {
    options: &'a Output,
    /// The rules that were broken before.
    known: Vec<String>,
    /// The files with lines of JSON.
    lines: Vec<(&'a Path, File)>,
    /// The first thing that could not be written.
    failed: Option<Failure>,
    /// Standard output has a reader, as far as is known.
    read: bool,
}

impl<'a> Writer<'a> {
    /// Looks at all that was asked for, so that what cannot be done is told before the run and not after it.
    pub fn new(options: &'a Output) -> Result<Self, Failure> {
        let known = baseline(options)?;
        let mut lines = Vec::new();
        for path in &options.files {
            let format = by_extension(path)?;
            writable(path)?;
            if format == Format::Jsonl {
                let file = File::create(path).map_err(|error| unwritten(path, &error))?;
                lines.push((path.as_path(), file));
            }
        }
        Ok(Self { options, known, lines, failed: None, read: true })
    }

    /// Tells one event at once: to the eye, and as a line of JSON where such lines were asked for.
    pub fn observe(&mut self, event: Event<'_>) {
        if let Event::Progress { done, total } = event {
            output::progress(done, total);
        }
        let Some(line) = handfast_check::json_line(&event) else { return };
        for (path, file) in &mut self.lines {
            if let Err(error) = writeln!(file, "{line}") {
                self.failed.get_or_insert(unwritten(path, &error));
            }
        }
        if self.options.format == Format::Jsonl && self.read {
            self.print(&line);
        }
    }

    /// Prints a part of the report. Where its reader went away the verdict and the files still count.
    fn print(&mut self, text: &str) {
        if let Err(error) = output::data(text) {
            self.read = false;
            if error.kind() != std::io::ErrorKind::BrokenPipe {
                self.failed.get_or_insert(error.into());
            }
        }
    }

    /// Writes the report everywhere it should go, and decides.
    pub fn finish(mut self, report: &Report) -> Result<Exit, Failure> {
        output::end_progress();
        for path in &self.options.files {
            let format = by_extension(path)?;
            // One that cannot be written does not take the others away.
            if format != Format::Jsonl
                && let Err(error) = std::fs::write(path, render(report, format, true))
            {
                self.failed.get_or_insert(unwritten(path, &error));
            }
        }
        if self.options.format != Format::Jsonl {
            let text = render(report, self.options.format, self.options.all);
            self.print(text.trim_end_matches('\n'));
        }
        match self.failed {
            Some(failed) => Err(failed),
            None => Ok(exit(report, self.options.fail_on, &self.known)),
        }
    }
}

/// Whether a report can be written there, found out without a change to a report of before.
fn writable(path: &Path) -> Result<(), Failure> {
    // A pipe or a device is left alone: looking at it would change it.
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Ok(());
    }
    let opened = File::options().append(true).open(path).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let made = File::create_new(path)?;
            std::fs::remove_file(path)?;
            Ok(made)
        }
        _ => Err(error),
    });
    opened.map(drop).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Internal, format!("cannot write {}: {error}", path.display()))
}

fn render(report: &Report, format: Format, all: bool) -> String {
    match format {
        Format::Human => handfast_check::human(report, all),
        Format::Json => handfast_check::json(report),
        Format::Jsonl => handfast_check::jsonl(report),
        Format::Junit => handfast_check::junit(report),
        Format::Html => handfast_check::html(report),
        Format::Md => handfast_check::markdown(report),
    }
}

fn by_extension(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => Ok(Format::Human),
        Some("json") => Ok(Format::Json),
        Some("jsonl") => Ok(Format::Jsonl),
        Some("xml") => Ok(Format::Junit),
        Some("html" | "htm") => Ok(Format::Html),
        Some("md") => Ok(Format::Md),
        _ => Err(Failure::new(
            Exit::WrongUse,
            format!("{}: the extension must be txt, json, jsonl, xml, html or md", path.display()),
        )),
    }
}

/// The rules that were broken before.
fn baseline(options: &Output) -> Result<Vec<String>, Failure> {
    let Some(path) = &options.baseline else { return Ok(Vec::new()) };
    let wrong =
        |error: String| Failure::new(Exit::WrongUse, format!("--baseline {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let report: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let results =
        report["results"].as_array().ok_or_else(|| wrong("this is no report of handfast".to_owned()))?;
    Ok(results
        .iter()
        .filter(|result| result["verdict"] == "fail")
        .filter_map(|result| result["id"].as_str().map(str::to_owned))
        .collect())
}

/// The exit code: nothing judged is never a pass.
fn exit(report: &Report, fail_on: FailOn, known: &[String]) -> Exit {
    if !report.results.iter().any(|result| result.verdict.is_judged()) {
        return if report.broke.is_some() { Exit::Unreachable } else { Exit::Inconclusive };
    }
    let counts = |level: &str| match fail_on {
        FailOn::Must => level == Level::Must.as_str(),
        FailOn::Should => level == Level::Must.as_str() || level == Level::Should.as_str(),
        FailOn::Never => false,
    };
    let broken =
        report.failures().any(|result| counts(result.level) && !known.iter().any(|id| id == result.id));
    let open =
        report.results.iter().any(|result| result.verdict == Verdict::Inconclusive && counts(result.level));
    match (broken, open) {
        (true, _) => Exit::Refused,
        (false, true) => Exit::Inconclusive,
        (false, false) => Exit::Fine,
    }
}

/// Refuses what selects no rule of this role: a misspelt id would leave out what was meant, or take in what was not.
pub fn selection(role: &str, select: &Select) -> Result<(), Failure> {
    for (option, entries) in [("--only", &select.only), ("--exclude", &select.exclude)] {
        for entry in entries {
            let mut rules = Rule::all().filter(|rule| rule.id.starts_with(role));
            if !rules.any(|rule| handfast_check::selects(entry, rule.id)) {
                let begun = Rule::all().any(|rule| rule.id.starts_with(role) && rule.id.starts_with(entry));
                let near = explain::near_ids(entry);
                let near = near.iter().find(|id| id.starts_with(role));
                let entry = escape::text(entry);
                let hint = match near {
                    _ if begun => format!("; {entry}* takes all that begin so"),
                    Some(id) => format!("; the nearest is {id}"),
                    None => String::new(),
                };
                let words = format!("{option} {entry}: this check has no such rule{hint} (--list shows all)");
                return Err(Failure::new(Exit::WrongUse, words));
            }
        }
    }
    Ok(())
}

/// Prints the rules of a role that a selection takes.
pub fn list(role: &str, select: &Select) -> Result<Exit, Failure> {
    selection(role, select)?;
    let takes =
        |selection: &[String], id: &str| selection.iter().any(|entry| handfast_check::selects(entry, id));
    for rule in Rule::all().filter(|rule| rule.id.starts_with(role)) {
        if (select.only.is_empty() || takes(&select.only, rule.id)) && !takes(&select.exclude, rule.id) {
            output::data(&format!("{:<44} {:<9} {}", rule.id, rule.level.as_str(), rule.title))?;
        }
    }
    Ok(Exit::Fine)
}

/// The exit code of a check that could not be made.
pub fn failure(error: &handfast_check::CheckError) -> Failure {
    let exit = match error {
        handfast_check::CheckError::Local(_) => Exit::Internal,
        _ => Exit::WrongUse,
    };
    Failure::new(exit, error.to_string())
}
