//! The report as one self-contained HTML file.

use std::collections::BTreeMap;

use super::human::{counts, values};
use super::junit::xml;
use super::section;
use super::{Report, RuleResult, Verdict};

/// The report as HTML: no script, no other file, light and dark, good at 400 pixels and in print.
pub fn html(report: &Report) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title><style>{STYLE}</style></head><body>\n\
         <header><p class=\"tool\">{tool} {version}</p><h1>{target}</h1><p class=\"sum\">{counts}</p>{bar}</header>\n",
        title = xml(&format!("{} {}", report.tool, report.target)),
        tool = xml(report.tool),
        version = report.version,
        target = xml(&report.target),
        counts = counts(report),
        bar = bar(report),
    );
    if let Some(broke) = &report.broke {
        out += &format!("<p class=\"broke\"><strong>It broke at</strong> {}</p>\n", xml(broke));
    }
    if !report.phases.is_empty() {
        out += "<section><h2>The way to the socket</h2><ol class=\"ladder\">\n";
        for phase in &report.phases {
            out += &format!(
                "<li class=\"{}\"><b>{}</b> <span>{}</span> <time>{:.1} ms</time></li>\n",
                if phase.ok { "ok" } else { "no" },
                phase.name,
                xml(&phase.detail),
                phase.microseconds as f64 / 1000.0
            );
        }
        out += "</ol></section>\n";
    }
    if !report.changes.is_empty() {
        out += "<section><h2>What the device changed</h2><ol class=\"ladder\">\n";
        for change in &report.changes {
            out += &format!(
                "<li><b>{}</b> <span>{} {}: {}</span></li>\n",
                change.direction,
                change.change,
                xml(&change.field),
                xml(&values(change))
            );
        }
        out += "</ol></section>\n";
    }
    for (heading, verdict, open) in [
        ("Broken rules", Verdict::Fail, true),
        ("Could not be judged", Verdict::Inconclusive, true),
        ("Remarks", Verdict::Remark, true),
        ("Kept rules", Verdict::Pass, false),
        ("Skipped", Verdict::Skipped, false),
    ] {
        out += &group(report, heading, verdict, open);
    }
    out + "</body></html>\n"
}

fn bar(report: &Report) -> String {
    let total = report.results.len().max(1) as f64;
    let part = |verdict: Verdict| {
        let count = report.results.iter().filter(|one| one.verdict == verdict).count();
        let share = count as f64 * 100.0 / total;
        format!(
            "<i class=\"{}\" style=\"width:{share:.2}%\" title=\"{count} {}\"></i>",
            verdict.as_str(),
            verdict.as_str()
        )
    };
    let all = [Verdict::Pass, Verdict::Remark, Verdict::Inconclusive, Verdict::Fail, Verdict::Skipped];
    format!("<div class=\"bar\" aria-hidden=\"true\">{}</div>", all.map(part).concat())
}

fn group(report: &Report, heading: &str, verdict: Verdict, open: bool) -> String {
    let mut sections: BTreeMap<String, Vec<&RuleResult>> = BTreeMap::new();
    for result in report.results.iter().filter(|result| result.verdict == verdict) {
        sections.entry(section(result.source)).or_default().push(result);
    }
    if sections.is_empty() {
        return String::new();
    }
    let count: usize = sections.values().map(Vec::len).sum();
    let mut out = format!("<section><h2>{heading} <small>{count}</small></h2>\n");
    for (name, results) in sections {
        out += &format!("<h3>{}</h3>\n", xml(&name));
        for result in results {
            out += &card(result, open && verdict == Verdict::Fail);
        }
    }
    out + "</section>\n"
}

fn card(result: &RuleResult, open: bool) -> String {
    let mut out = format!(
        "<details id=\"{id}\" class=\"{verdict}\"{open}><summary><span class=\"v\">{verdict}</span> \
         <span class=\"t\">{title}</span> <span class=\"l\">{level}</span><code>{id}</code></summary><dl>",
        id = result.id,
        verdict = result.verdict.as_str(),
        open = if open { " open" } else { "" },
        title = xml(result.title),
        level = result.level,
    );
    for (name, text, code) in [
        ("Reason", result.reason.as_deref(), false),
        ("Got", result.got.as_deref(), false),
        ("Wanted", Some(result.wanted), false),
        ("What was sent", result.change.as_deref(), false),
        ("The bytes", result.sent.as_deref(), true),
        ("Why it matters", Some(result.why), false),
        ("Fix", Some(result.fix), false),
        ("Again", result.repro.as_deref(), true),
        ("Source", Some(result.source), false),
    ] {
        if let Some(text) = text {
            let text = xml(text);
            let text = if code { format!("<pre>{text}</pre>") } else { text };
            out += &format!("<dt>{name}</dt><dd>{text}</dd>");
        }
    }
    out + "</dl></details>\n"
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--line:#d8dee4;--page:#fff;--card:#f6f8fa;
--pass:#1a7f37;--fail:#c4232b;--remark:#8a5a00;--inconclusive:#6639ba;--skipped:#6e7781}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa6b2;--line:#30363d;--page:#0d1117;--card:#161b22;
--pass:#3fb950;--fail:#ff7b72;--remark:#e3b341;--inconclusive:#bc8cff;--skipped:#8b949e}}
*{box-sizing:border-box}body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--page);
max-width:64rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;margin:.1rem 0;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
h2 small{color:var(--soft);font-weight:400}h3{font-size:.85rem;color:var(--soft);font-weight:600;margin:1.2rem 0 .4rem}
.tool{color:var(--soft);margin:0;font-size:.9rem}.sum{margin:.4rem 0 .8rem}
.bar{display:flex;height:.6rem;border-radius:.3rem;overflow:hidden;background:var(--line)}.bar i{display:block}
.bar .pass{background:var(--pass)}.bar .fail{background:var(--fail)}.bar .remark{background:var(--remark)}
.bar .inconclusive{background:var(--inconclusive)}.bar .skipped{background:var(--line)}
.broke{border-left:4px solid var(--fail);padding:.4rem .8rem;background:var(--card)}
.ladder{list-style:none;padding:0;margin:0}.ladder li{display:flex;gap:.8rem;flex-wrap:wrap;padding:.35rem 0;
border-bottom:1px solid var(--line)}.ladder b{min-width:5.5rem}.ladder span{flex:1 1 14rem;overflow-wrap:anywhere}
.ladder time{color:var(--soft);font-variant-numeric:tabular-nums}.ladder .no b::after{content:' failed';color:var(--fail)}
details{border:1px solid var(--line);border-left-width:4px;border-radius:.4rem;margin:.4rem 0;background:var(--card)}
details.pass{border-left-color:var(--pass)}details.fail{border-left-color:var(--fail)}
details.remark{border-left-color:var(--remark)}details.inconclusive{border-left-color:var(--inconclusive)}
summary{cursor:pointer;padding:.5rem .8rem;display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
summary .v{font-size:.8rem;font-weight:700;min-width:4.4rem}.pass .v{color:var(--pass)}.fail .v{color:var(--fail)}
.remark .v{color:var(--remark)}.inconclusive .v{color:var(--inconclusive)}.skipped .v{color:var(--skipped)}
summary .t{flex:1 1 16rem}summary .l{font-size:.8rem;color:var(--soft)}
summary code{font-size:.78rem;color:var(--soft);overflow-wrap:anywhere}
dl{margin:0;padding:0 .8rem .7rem}dt{font-size:.78rem;font-weight:600;color:var(--soft);margin-top:.55rem}
dd{margin:0;overflow-wrap:anywhere}pre{margin:.15rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;
background:var(--page);border:1px solid var(--line);border-radius:.3rem;padding:.45rem .6rem}
@media print{details{break-inside:avoid}}";
