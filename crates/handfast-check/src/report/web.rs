//! The report as one self-contained HTML file.

use handfast_proto::rules::WORDS;

use super::human::values;
use super::junit::xml;
use super::sections;
use super::{Report, RuleResult, Verdict};

/// As many results of a kind are open from the beginning.
const OPEN_MAX: usize = 3;

/// The report as HTML: no script, no other file, light and dark, good at 400 pixels and in print.
pub fn html(report: &Report) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title><style>{STYLE}</style></head><body>\n\
         <header><p class=\"tool\">{tool} {version}</p><h1>{target}</h1>{counts}{bar}</header>\n",
        title = xml(&format!("{} {}", report.tool, report.target)),
        tool = xml(report.tool),
        version = report.version,
        target = xml(&report.target),
        counts = tally(report),
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
    // Where nothing was judged there is one reason, which stands above.
    let judged = report.results.iter().any(|result| result.verdict.is_judged());
    for (heading, verdict, open) in [
        ("Broken rules", Verdict::Fail, true),
        ("Could not be judged", Verdict::Inconclusive, judged || report.broke.is_none()),
        ("Remarks", Verdict::Remark, true),
        ("Kept rules", Verdict::Pass, false),
        ("Skipped", Verdict::Skipped, false),
    ] {
        out += &group(report, heading, verdict, open);
    }
    out + &words(report) + "</body></html>\n"
}

/// The counts, each with the colour that it has in the bar.
fn tally(report: &Report) -> String {
    let summary = &report.summary;
    let judged = summary.pass + summary.fail + summary.remark;
    let mut out = format!("<ul class=\"sum\"><li>{} judged</li>", super::human::number(judged, "rule"));
    for (count, word, verdict) in [
        (summary.pass, "kept", Verdict::Pass),
        (summary.fail, "broken", Verdict::Fail),
        (summary.remark, if summary.remark == 1 { "remark" } else { "remarks" }, Verdict::Remark),
        (summary.inconclusive, "open", Verdict::Inconclusive),
        (summary.skipped, "skipped", Verdict::Skipped),
    ] {
        if count > 0 || verdict == Verdict::Fail {
            out += &format!("<li class=\"{}\"><i></i><b>{count}</b> {word}</li>", verdict.as_str());
        }
    }
    out += "</ul>";
    if judged == 0 {
        out += "<p>Nothing was judged: this is no pass.</p>";
    }
    out
}

/// What the words in capitals mean that the results use.
fn words(report: &Report) -> String {
    let used = |word: &str| report.results.iter().any(|result| result.wanted.contains(word));
    let rows: Vec<String> = WORDS
        .iter()
        .filter(|(word, _)| used(word))
        .map(|(word, meaning)| format!("<dt>{word}</dt><dd>{}</dd>", xml(meaning)))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("<section><h2>Words</h2><dl class=\"words\">{}</dl></section>\n", rows.concat())
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
    let mine: Vec<&RuleResult> = report.results.iter().filter(|result| result.verdict == verdict).collect();
    if mine.is_empty() {
        return String::new();
    }
    // A few are to be read at once; many are to be overlooked first.
    let open = open && mine.len() <= OPEN_MAX;
    let mut out = format!("<section><h2>{heading} <small>{}</small></h2>\n", mine.len());
    for (name, results) in sections(mine) {
        out += &format!("<h3>{}</h3>\n", xml(&name));
        for result in results {
            out += &card(result, open);
        }
    }
    out + "</section>\n"
}

fn card(result: &RuleResult, open: bool) -> String {
    let came = result.got.as_deref().or(result.reason.as_deref()).unwrap_or_default();
    let mut out = format!(
        "<details id=\"{id}\" class=\"{verdict}\"{open}><summary><span class=\"v\">{verdict}</span> \
         <span class=\"t\">{title}</span> <span class=\"l\">{level}</span> <code>{id}</code> \
         <span class=\"g\">{came}</span></summary><dl>",
        id = result.id,
        verdict = result.verdict.as_str(),
        open = if open { " open" } else { "" },
        title = xml(result.title),
        level = result.level,
        came = xml(came),
    );
    for (name, text) in [
        ("Wanted", Some(xml(result.wanted))),
        ("Changed", result.change.as_deref().map(code_spans)),
        ("Sent", result.sent.as_deref().map(lines)),
        ("Why", Some(xml(result.why))),
        ("Fix", Some(xml(result.fix))),
        ("Again", result.repro.as_deref().map(|text| format!("<pre>{}</pre>", xml(text)))),
        ("Source", Some(xml(result.source))),
    ] {
        if let Some(text) = text {
            out += &format!("<dt>{name}</dt><dd>{text}</dd>");
        }
    }
    out + "</dl></details>\n"
}

/// Escaped bytes, a line for each line end in them.
fn lines(text: &str) -> String {
    format!("<pre>{}</pre>", xml(text).replace("\\r\\n", "\\r\\n\n").trim_end())
}

/// Text between backticks as code.
fn code_spans(text: &str) -> String {
    let mut out = String::new();
    for (place, part) in text.split('`').enumerate() {
        out += &if place % 2 == 1 { format!("<code>{}</code>", xml(part)) } else { xml(part) };
    }
    out
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--page:#fff;--card:#f6f8fa;
--pass:#1a7f37;--fail:#c4232b;--remark:#8a5a00;--inconclusive:#6639ba;--skipped:#6e7781}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa6b2;--line:#30363d;--page:#0d1117;--card:#161b22;
--pass:#3fb950;--fail:#ff7b72;--remark:#e3b341;--inconclusive:#bc8cff;--skipped:#8b949e}}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);
max-width:68rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;line-height:1.25;margin:.1rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.2rem 0 .4rem}
h2 small{color:var(--soft);font-weight:400}h3{font-size:.85rem;color:var(--soft);font-weight:600;margin:1.1rem 0 .35rem}
.tool{color:var(--soft);margin:0;font-size:.9rem}
.sum{list-style:none;padding:0;margin:0 0 .6rem;display:flex;flex-wrap:wrap;gap:.1rem 1.2rem}
.sum i{display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;margin-right:.4rem}
.sum .skipped i{border:1px solid var(--skipped)}
.bar{display:flex;height:.6rem;border-radius:.3rem;overflow:hidden;background:var(--line)}.bar i{display:block}
.pass>i,.bar .pass{background:var(--pass)}.fail>i,.bar .fail{background:var(--fail)}
.remark>i,.bar .remark{background:var(--remark)}.inconclusive>i,.bar .inconclusive{background:var(--inconclusive)}
.skipped>i,.bar .skipped{background:var(--line)}
.broke{border-left:4px solid var(--fail);padding:.4rem .8rem;background:var(--card);overflow-wrap:anywhere}
.ladder{list-style:none;padding:0;margin:0}.ladder li{display:grid;grid-template-columns:6rem 1fr auto;gap:0 .8rem;
padding:.35rem 0;border-bottom:1px solid var(--line)}.ladder span{overflow-wrap:anywhere}
.ladder time{color:var(--soft);font-variant-numeric:tabular-nums}.ladder .no b::after{content:' failed';color:var(--fail)}
details{border:1px solid var(--line);border-left-width:4px;border-radius:.4rem;margin:.4rem 0;background:var(--card)}
details.pass{border-left-color:var(--pass)}details.fail{border-left-color:var(--fail)}
details.remark{border-left-color:var(--remark)}details.inconclusive{border-left-color:var(--inconclusive)}
summary{cursor:pointer;padding:.45rem .8rem;display:grid;grid-template-columns:1fr auto;gap:.1rem .8rem;align-items:baseline}
summary::before{content:none}summary .v::before{content:'\\25b8\\00a0'}[open]>summary .v::before{content:'\\25be\\00a0'}
summary .v{order:-2}summary .l{order:-1}summary .t,summary code,summary .g{grid-column:1/-1}
summary:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
summary .v{font-size:.8rem;font-weight:700}.pass .v{color:var(--pass)}.fail .v{color:var(--fail)}
.remark .v{color:var(--remark)}.inconclusive .v{color:var(--inconclusive)}.skipped .v{color:var(--skipped)}
summary .t{font-weight:500}summary .l{font-size:.8rem;color:var(--soft)}
summary code{font-size:.78rem;color:var(--soft);overflow-wrap:anywhere}
summary .g{font-size:.9rem;overflow-wrap:anywhere}summary .g:empty{display:none}
dl{margin:0;padding:.5rem .8rem .7rem;border-top:1px solid var(--line)}
dt{font-size:.8rem;font-weight:600;color:var(--soft);margin-top:.5rem}dd{margin:0;overflow-wrap:anywhere}
.words{border:0;padding:0}
code,pre{font-family:ui-monospace,monospace}dd code{font-size:.85em}
pre{margin:.15rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;
background:var(--page);border:1px solid var(--line);border-radius:.3rem;padding:.45rem .6rem}
@media(min-width:44rem){summary{grid-template-columns:5.5rem 1fr auto}summary .v,summary .l{order:0}
summary .t{grid-column:auto}summary code,summary .g{grid-column:2/-1}dl{display:grid;grid-template-columns:5.5rem 1fr;gap:.45rem .8rem;align-items:baseline}
dt{margin:0}.words dt{font-size:.85rem}pre{margin:0}}
@media print{details{break-inside:avoid}}";
