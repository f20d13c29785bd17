//! The forms of a report: JSON by its schema, JUnit well formed, HTML in one file.

use std::time::Duration;

use handfast_check::{Report, server};
use serde_json::Value;

#[path = "path/mod.rs"]
mod proxy;
mod support;

async fn report(fault: &str) -> Report {
    let address = support::start(fault).await;
    let check =
        server(format!("ws://{address}/chat")).only("server/key").only("server/host").only("server/deflate");
    check.quiet(Duration::from_millis(200)).timeout(Duration::from_secs(3)).run().await.expect("a report")
}

/// The part of JSON Schema that the schema uses.
fn valid(schema: &Value, value: &Value, place: &str) {
    if let Some(elsewhere) = schema["$ref"].as_str() {
        let report: Value = serde_json::from_str(handfast_check::SCHEMA).expect("the schema is JSON");
        // By its whole name: validators resolve a relative one against the name of this schema, to a place where nothing is.
        let name = report["$id"].as_str().filter(|name| name.starts_with("urn:")).expect("an absolute name");
        let place_there = elsewhere.strip_prefix(name).expect("references lead to the report's schema");
        let pointer = place_there.strip_prefix('#').expect("a pointer");
        return valid(report.pointer(pointer).expect("the reference leads somewhere"), value, place);
    }
    if let Some(wanted) = schema.get("const") {
        assert_eq!(value, wanted, "{place}");
    }
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        assert!(all.contains(value), "{place}: {value}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match schema.get("type") {
        Some(Value::String(wanted)) => assert_eq!(kind, wanted, "{place}"),
        Some(Value::Array(wanted)) => assert!(wanted.iter().any(|one| one == kind), "{place}: {kind}"),
        _ => {}
    }
    if let Some(object) = value.as_object() {
        let properties =
            schema["properties"].as_object().expect("every object of the schema lists its properties");
        assert_eq!(schema["additionalProperties"], false, "{place}");
        for name in schema["required"].as_array().expect("every object of the schema says what is required") {
            assert!(object.contains_key(name.as_str().expect("a name")), "{place}: {name} is missing");
        }
        for (name, value) in object {
            let schema =
                properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not in the schema"));
            valid(schema, value, &format!("{place}/{name}"));
        }
    }
    for (at, item) in value.as_array().into_iter().flatten().enumerate() {
        valid(&schema["items"], item, &format!("{place}/{at}"));
    }
}

#[tokio::test]
async fn json_reports_keep_their_schema() {
    let schema: Value = serde_json::from_str(handfast_check::SCHEMA).expect("the schema is JSON");
    let reached = report("server/key-length").await;
    let unreached = server("ws://127.0.0.1:1/").run().await.expect("a report");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let device = listener.local_addr().expect("bound");
    let path = handfast_check::path(format!("ws://{device}/")).only("middle/half-forwarded");
    let ready = |origin| {
        proxy::serve(listener, "", origin);
        std::future::ready(())
    };
    let between = path.run_with(ready, |_| ()).await.expect("a report");
    assert_eq!(between.changes.len(), 1, "{:?}", between.changes);
    for report in [&reached, &unreached, &between] {
        let value: Value = serde_json::from_str(&handfast_check::json(report)).expect("the report is JSON");
        valid(&schema, &value, "");
    }
    assert!(!unreached.passes(handfast_proto::rules::Level::Must), "nothing judged is no pass");
    assert!(unreached.broke.is_some_and(|text| text.starts_with("tcp")));
}

#[tokio::test]
async fn json_lines_come_while_it_runs_and_keep_their_schema() {
    let schema: Value = serde_json::from_str(handfast_check::LINE_SCHEMA).expect("the schema is JSON");
    let address = support::start("server/key-length").await;
    let check = server(format!("ws://{address}/chat")).only("server/key").only("server/h2");
    let check = check.quiet(Duration::from_millis(200)).timeout(Duration::from_secs(3));
    let mut lines: Vec<String> = Vec::new();
    let report = check.run_with(|event| lines.extend(handfast_check::json_line(&event))).await;
    let report = report.expect("a report");
    let read = |line: &str| serde_json::from_str::<Value>(line).expect("a line is JSON");
    for line in &lines {
        valid(&schema, &read(line), "");
    }
    // A key that nobody accepts is judged before what needs the whole run.
    let place = |what: &str| lines.iter().position(|line| line.contains(what)).expect("it is told");
    assert!(place("\"begin\"") < place("\"phase\"") && place("\"phase\"") < place("\"result\""));
    assert!(place("server/key-length") < place("server/key-over-long"));
    let whole = handfast_check::jsonl(&report);
    let (mut told, mut written): (Vec<&str>, Vec<&str>) =
        (lines.iter().map(String::as_str).collect(), whole.lines().collect());
    assert_eq!((told.first(), told.last()), (written.first(), written.last()));
    assert_eq!(read(told[told.len() - 1])["end"]["summary"]["fail"], 1);
    told.sort_unstable();
    written.sort_unstable();
    assert_eq!(told, written);
}

#[tokio::test]
async fn a_failure_carries_all_that_repeats_and_repairs_it() {
    let report = report("server/key-length").await;
    let failure = report.result("server/key-length").expect("judged");
    assert_eq!(failure.verdict.as_str(), "fail");
    let sent = failure.sent.as_deref().unwrap_or_default();
    assert!(sent.starts_with("GET /chat HTTP/1.1\\r\\nHost: 127.0.0.1:"), "{sent}");
    let again = failure.repro.as_deref().unwrap_or_default();
    assert!(
        again.starts_with("(printf 'GET /chat HTTP/1.1\\r\\n") && again.contains("| nc -w 3 127.0.0.1 "),
        "{again}"
    );
    assert!(failure.got.as_deref().is_some_and(|got| got.contains("a key of 1 bytes")));
    let text = handfast_check::human(&report, false);
    let end = text.split("Failures").nth(1).unwrap_or_default();
    for part in [failure.why, failure.fix, failure.source, again] {
        assert!(end.contains(part), "{part}");
    }
}

#[tokio::test]
async fn junit_counts_agree_with_the_cases() {
    let report = report("server/key-length").await;
    let text = handfast_check::junit(&report);
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("<testcase "), report.results.len());
    assert_eq!(count("<failure "), report.summary.fail);
    assert_eq!(count("<skipped "), report.summary.skipped);
    assert_eq!(count("<testcase "), count("</testcase>") + report.summary.pass);
    let announced: usize = text
        .split("<testsuite ")
        .skip(1)
        .filter_map(|rest| rest.split("failures=\"").nth(1)?.split('"').next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(announced, report.summary.fail);
    assert!(text.contains(&format!("failures=\"{}\"", report.summary.fail)));
}

#[tokio::test]
async fn the_html_report_is_one_file_and_escapes_the_peer() {
    let text = handfast_check::html(&report("server/key-length").await);
    for outside in ["src=", "href=", "@import", "url(", "<script"] {
        assert!(!text.contains(outside), "{outside}");
    }
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
    assert!(text.contains("id=\"server/key-length\" class=\"fail\" open"));
}
