//! Where a report goes, and the exit code it means.

use super::args::{FailOn, Format, Output, Select};
use crate::exit::{Exit, Failure};
use crate::output;
use handfast_check::{Report, Verdict};
use handfast_proto::rules::{Level, Rule};
use std::path::Path;

/// Writes the report everywhere it should go, and decides.
pub fn finish(report: &Report, options: &Output) -> Result<Exit, Failure> {
    let known = baseline(options)?;
    for path in &options.files {
        let format = by_extension(path)?;
        std::fs::write(path, render(report, format, true))
            .map_err(|error| Failure::new(Exit::Internal, format!("{}: {error}", path.display())))?;
    }
    output::data(render(report, options.format, options.all).trim_end_matches('\n'))?;
    Ok(exit(report, options.fail_on, &known))
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

/// Prints the rules of a role that a selection takes.
pub fn list(role: &str, select: &Select) -> Result<Exit, Failure> {
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
