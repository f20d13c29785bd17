//! JUnit reports keep their schema, as xmllint of Debian's libxml2-utils judges it. `cargo xtask test --only junit` installs that and
//! runs this; a bare `cargo test` does not.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use handfast_check::{Report, server};

mod support;

async fn report(fault: &str) -> Report {
    let address = support::start(fault).await;
    let check = server(format!("ws://{address}/chat")).only("server/key").only("server/host");
    check.quiet(Duration::from_millis(200)).timeout(Duration::from_secs(3)).run().await.expect("a report")
}

#[tokio::test]
async fn junit_reports_keep_their_schema() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let schema = folder.join("junit.xsd");
    std::fs::write(&schema, handfast_check::JUNIT_SCHEMA).expect("the schema is written");
    let verdict = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).expect("the report is written");
        let mut command = Command::new("xmllint");
        let output = command.args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&file).output();
        let output = output.expect("xmllint runs: Debian's libxml2-utils has it");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // A failure, a remark, what was skipped, what stayed open, and nothing at all.
    let wrong = handfast_check::junit(&report("server/key-length").await);
    let remark = handfast_check::junit(&report("server/host-foreign").await);
    let unreached = handfast_check::junit(&server("ws://127.0.0.1:1/").run().await.expect("a report"));
    let nothing = server("ws://127.0.0.1:1/").only("client/").run().await.expect("a report");
    let nothing = handfast_check::junit(&nothing);
    for (part, text) in [("<failure ", &wrong), ("<system-out>", &remark), ("<error ", &unreached)] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (name, text) in
        [("wrong.xml", &wrong), ("remark.xml", &remark), ("open.xml", &unreached), ("none.xml", &nothing)]
    {
        let (valid, words) = verdict(name, text);
        assert!(valid, "{name}: {words}");
    }
    // The schema refuses what is none.
    for changes in [
        &[("<failure ", "<broken "), ("</failure>", "</broken>")][..],
        &[("type=\"must\"", "type=\"hard\"")],
        &[(" skipped=", " left=")],
        &[("name=\"server/key-over-long\"", "name=\"server/key-length\"")],
    ] {
        let broken = changes.iter().fold(wrong.clone(), |text, (what, with)| text.replace(what, with));
        assert_ne!(broken, wrong, "{changes:?}");
        let (valid, words) = verdict("broken.xml", &broken);
        assert!(!valid && words.contains("broken.xml"), "{changes:?}: {words}");
    }
}
