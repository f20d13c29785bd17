//! A run: the ladder, all exchanges at once, then the judgement.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use handfast_proto::rules::Rule;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::context::Context;
use super::exchange::{Observation, exchange};
use super::h2;
use super::judge::Probe;
use super::judging::{Judging, Plan};
use super::options::Options;
use super::phases;
use super::stimulus::{Delivery, Stimulus};
use super::table;
use crate::error::CheckError;
use crate::ladder::Ladder;
use crate::report::{Event, Observer, Report, RuleResult, Verdict};
use crate::target::Target;
use crate::wire::tls;

/// The check's name in its report.
const TOOL: &str = "handfast check";

/// Runs the whole check.
pub(crate) async fn run(
    target: Target,
    options: Options,
    observe: &mut Observer<'_>,
) -> Result<Report, CheckError> {
    let tls = if target.secure { Some(tls::config(&options.trust)?) } else { None };
    let mut context = Context {
        address: std::net::SocketAddr::from(([127, 0, 0, 1], target.port)),
        slots: Semaphore::new(options.parallel.max(1)),
        next_start: Mutex::new(Instant::now()),
        survived: AtomicBool::new(true),
        usual: None,
        gone: AtomicBool::new(false),
        alone: false,
        accepted: false,
        echoes: false,
        pongs: false,
        deflates: false,
        tls,
        target,
        options,
    };
    let url = context.target.url();
    observe(Event::begin(TOOL, &url));
    let base = context.base().named("the correct request");
    let climb =
        phases::climb(&context.target, &context.options, context.tls.as_ref(), |key| base.render(key)).await;
    let mut ladder = climb.ladder;
    ladder.phases.iter().for_each(|phase| observe(Event::Phase(phase)));
    let probes: Vec<&Probe> =
        table::probes().filter(|probe| context.options.rules.takes(probe.rule)).collect();
    let (tried, mut http) = ladder.went("http");
    context.address = climb.address.unwrap_or(context.address);
    context.echoes = climb.echoes;
    context.pongs = climb.pongs;
    let patience = context.options.timeout;
    let vain = ladder.waited_in_vain(patience);
    if vain {
        // It has had its time: what is asked now, over HTTP/2 too, only tells whether anybody is there at all.
        context.options.timeout = patience.min(context.options.quiet);
    }
    if tried && !http {
        // One lost answer is no judgement, and a port that never speaks HTTP is no server to be judged.
        let again = exchange(&context, &base);
        if vain {
            let plain = context.base().plain_get();
            let (again, plain) = tokio::join!(again, exchange(&context, &plain));
            http = again.status().is_some();
            let words =
                format!("; asked again: {}; {}", again.describe(&context), on_plain(&context, &plain));
            ladder.broke.iter_mut().for_each(|broke| *broke += &words);
        } else {
            http = again.await.status().is_some();
        }
    }
    let mut first = None;
    if http {
        context.options.timeout = patience;
        first = second_handshake(&mut context, &base, &mut ladder).await;
    }
    let mut results = Vec::new();
    let context = if let Some(first) = first {
        judge_all(context, &first, &probes, &mut ladder, &mut results, observe).await
    } else {
        let missing = if climb.address.is_some() { "no HTTP" } else { "no connection" };
        let why = ladder.broke.clone().unwrap_or_else(|| missing.to_owned());
        for probe in &probes {
            let rule = Rule::find(probe.rule).expect("a test holds the table against the catalogue");
            let result = RuleResult::judged(rule, Verdict::Inconclusive, why.clone());
            observe(Event::Result(&result));
            results.push(result);
        }
        Arc::new(context)
    };
    // A server that speaks HTTP/2 only is a server, too.
    if climb.address.is_some() {
        let phase = h2::check(&context, |id| context.options.rules.takes(id), &mut results, observe).await;
        ladder.phases.extend(phase);
    }
    for rule in Rule::all().filter(|rule| rule.id.starts_with("server/") && !rule.applies_to("h1")) {
        if context.options.rules.takes(rule.id) && !results.iter().any(|result| result.id == rule.id) {
            let result = RuleResult::skipped(rule, "this check speaks HTTP/1.1 and HTTP/2");
            observe(Event::Result(&result));
            results.push(result);
        }
    }
    let report = Report::new(TOOL, url, ladder.phases, ladder.broke, results);
    observe(Event::end(&report));
    Ok(report)
}

/// What a server that leaves the handshake unanswered does with a plain GET, in words.
fn on_plain(context: &Context, seen: &Observation) -> String {
    match seen.status() {
        Some(_) => format!("a plain GET got {}: only the handshake hangs", seen.describe(context)),
        None => "a plain GET got no answer either".to_owned(),
    }
}

/// The answer to a second correct handshake, with another key: it decides whether anything can be judged. None where the
/// server answered the first one only.
async fn second_handshake(
    context: &mut Context,
    base: &Stimulus,
    ladder: &mut Ladder,
) -> Option<Observation> {
    let seen = exchange(context, base).await;
    if seen.status().is_some() {
        return Some(seen);
    }
    let patience = context.options.timeout;
    context.options.timeout = patience.min(context.options.quiet);
    let again = exchange(context, base).await;
    if again.status().is_some() {
        context.options.timeout = patience;
        return Some(again);
    }
    let (once, twice) = (seen.describe(context), again.describe(context));
    ladder.broke = Some(format!(
        "the second handshake: the first correct request was answered, and the same again was not: {once}; then {twice}"
    ));
    None
}

/// The rules of HTTP/1.1, behind one more correct request that tells what can be judged.
async fn judge_all(
    mut context: Context,
    first: &Observation,
    probes: &[&Probe],
    ladder: &mut Ladder,
    results: &mut Vec<RuleResult>,
    observe: &mut Observer<'_>,
) -> Arc<Context> {
    context.usual = first.status();
    context.accepted = first.status() == Some(101) && first.accept_fault().is_none();
    if context.accepted {
        let offer =
            context.base().add("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
        let seen = exchange(&context, &offer.named("an offer of permessage-deflate")).await;
        context.deflates = seen.head.is_some_and(|head| {
            head.members("Sec-WebSocket-Extensions")
                .iter()
                .any(|element| element.starts_with("permessage-deflate"))
        });
    }
    let plan = Plan::new(&context, probes);
    context.alone = plan.wanted.iter().flatten().filter(|wanted| !wanted.is_empty()).count() == 1;
    let context = Arc::new(context);
    let mut judging = Judging::new(&context, probes, &plan, observe);
    for late in [false, true] {
        judging.send(|stimulus, _| stimulus.late == late).await;
    }
    // A busy machine is no judgement: what stayed silent is asked once more, and an answer counts.
    judging
        .send(|stimulus, unsure| {
            unsure && !matches!(stimulus.delivery, Delivery::Drip(_) | Delivery::Endless(..))
        })
        .await;
    context.set_survived(judging.survived().await);
    let (told, notes) = judging.end();
    results.extend(told);
    let end = "the end: after the run the target no longer accepts the correct request".to_owned();
    let notes = if notes.is_empty() && !context.survived() { vec![end] } else { notes };
    if !notes.is_empty() {
        let broke = ladder.broke.take().into_iter().chain(notes);
        ladder.broke = Some(broke.collect::<Vec<_>>().join("; then at "));
    }
    context
}
