//! `docs/errors.md` says what the code does. `cargo xtask docs` writes it; this fails when it is out of date.

use handfast_proto::deflate::ParameterFault;
use handfast_proto::error::{Excerpt, FrameFault, PseudoField, RequestFault, ResponseFault};
use handfast_proto::frame::OpCode;
use handfast_proto::handshake::{Accept, Key};
use std::fmt::{Debug, Write as _};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");

#[test]
fn the_page_of_errors_says_what_the_code_does() {
    let wanted = page();
    if std::env::var_os("HANDFAST_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, wanted).unwrap();
        return;
    }
    let stands = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(stands == wanted, "docs/errors.md is out of date: run cargo xtask docs");
}

#[test]
fn every_fault_is_a_sentence_with_a_fix() {
    let requests = request_faults().into_iter().map(|fault| (fault.to_string(), fault.fix()));
    let responses = response_faults().into_iter().map(|fault| (fault.to_string(), fault.fix()));
    for (sentence, fix) in requests.chain(responses) {
        assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{sentence}");
        assert!(fix.ends_with('.') && fix.starts_with(char::is_uppercase), "{fix}");
    }
}

#[test]
fn a_request_fault_breaks_a_servers_rule_and_a_response_fault_a_clients() {
    assert!(request_faults().iter().all(|fault| fault.rule().id.starts_with("server/")));
    assert!(response_faults().iter().all(|fault| fault.rule().id.starts_with("client/")));
}

#[test]
fn every_request_fault_is_answered_with_an_error_status() {
    assert!(request_faults().iter().all(|fault| (400..600).contains(&fault.status())));
}

fn page() -> String {
    let mut page = String::from(HEAD);
    page.push_str(REQUESTS);
    let source = include_str!("../src/error/request.rs");
    table(&mut page, source, "RequestFault", &["rule", "status"], &request_faults(), |fault| {
        (vec![format!("`{}`", fault.rule().id), fault.status().to_string()], fault.fix())
    });
    page.push_str(RESPONSES);
    let source = include_str!("../src/error/response.rs");
    table(&mut page, source, "ResponseFault", &["rule"], &response_faults(), |fault| {
        (vec![format!("`{}`", fault.rule().id)], fault.fix())
    });
    page.push_str(FRAMES);
    let source = include_str!("../src/error/frame.rs");
    table(&mut page, source, "FrameFault", &["code"], &frame_faults(), |fault| {
        (vec![fault.close_code().to_string()], fault.fix())
    });
    page
}

/// One row for each variant, in the order of the source, made of its samples: several where it stands for several rules. `describe` gives the cells below `heads`, and the fix.
fn table<T: Debug>(
    page: &mut String,
    source: &str,
    name: &str,
    heads: &[&str],
    samples: &[T],
    describe: impl Fn(&T) -> (Vec<String>, &'static str),
) {
    let variants = variants(source, name);
    for sample in samples {
        assert!(variants.iter().any(|(variant, _)| *variant == variant_name(sample)), "{sample:?}");
    }
    writeln!(page, "\n| fault | {} | what came | fix |", heads.join(" | ")).unwrap();
    writeln!(page, "|{}", " --- |".repeat(heads.len() + 3)).unwrap();
    for (variant, meaning) in variants {
        let (mut columns, mut fixes) = (vec![Vec::new(); heads.len()], Vec::new());
        for sample in samples.iter().filter(|sample| variant_name(sample) == variant) {
            let (cells, fix) = describe(sample);
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
            fixes.push(fix.to_owned());
        }
        assert!(!fixes.is_empty(), "a sample of {name}::{variant}");
        let cells: Vec<_> = columns.into_iter().map(|column| distinct(column, ", ")).collect();
        writeln!(page, "| `{variant}` | {} | {meaning} | {} |", cells.join(" | "), distinct(fixes, " "))
            .unwrap();
    }
}

/// Each text once, in order.
fn distinct(mut texts: Vec<String>, between: &str) -> String {
    texts.dedup();
    texts.join(between)
}

fn variant_name(sample: &impl Debug) -> String {
    format!("{sample:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Names and documentation of an enum's variants, as its source has them.
fn variants(source: &str, name: &str) -> Vec<(String, String)> {
    let (_, body) =
        source.split_once(&format!("pub enum {name} {{\n")).expect("the enum stands in this file");
    let (body, _) = body.split_once("\n}\n").expect("the enum ends");
    assert!(!body.contains("String"), "a fault holds what came as an Excerpt, and no words of its own");
    let mut variants = Vec::new();
    let mut meaning = String::new();
    for line in body.lines() {
        // Variants stand four blanks deep, their fields eight.
        let Some(line) = line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}'])) else {
            continue;
        };
        match line.strip_prefix("/// ") {
            Some(words) if meaning.is_empty() => meaning.push_str(words),
            Some(words) => write!(meaning, " {words}").unwrap(),
            None => {
                let variant = line.chars().take_while(char::is_ascii_alphanumeric).collect();
                variants.push((variant, without_links(&std::mem::take(&mut meaning)).replace('|', "\\|")));
            }
        }
    }
    variants
}

/// Markdown in which each ``[`A`](B)`` is `A`.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let (label, after) = link.split_once("`](").expect("a link has a target");
        let (_, after) = after.split_once(')').expect("a target ends");
        write!(plain, "{before}`{label}`").unwrap();
        rest = after;
    }
    plain + rest
}

fn excerpt() -> Excerpt {
    Excerpt::new(b"x")
}

fn request_faults() -> Vec<RequestFault> {
    use RequestFault::*;
    vec![
        TlsHello,
        Http2Preface,
        NotHttp(0),
        HttpVersionMalformed(excerpt()),
        RequestLineSpacing(excerpt()),
        LeadingEmptyLines,
        MethodMalformed(excerpt()),
        TargetIllegalByte { byte: 0, offset: 0 },
        TargetFragment(excerpt()),
        TargetWrongForm(excerpt()),
        ObsFold(excerpt()),
        ControlByte { byte: 0, place: excerpt() },
        BareCr(excerpt()),
        BareLf(excerpt()),
        SpaceBeforeColon(excerpt()),
        SpaceBeforeFirstField(excerpt()),
        FieldLineMalformed(excerpt()),
        TargetTooLong { bytes_max: 1 },
        HeadTooLarge { bytes_max: 1 },
        TooManyFields { fields_max: 1 },
        HeadTimeout { bytes: 1 },
        HeadCut { bytes: 1 },
        MethodNotGet(excerpt()),
        MethodCaseFolded(excerpt()),
        HttpVersion10,
        HostMissing,
        HostDuplicate { lines: 2 },
        HostInvalid(excerpt()),
        HostEmpty,
        HostForeign(excerpt()),
        UpgradeMissing,
        UpgradeOther(excerpt()),
        UpgradeSubstring(excerpt()),
        UpgradeVersionSuffix(excerpt()),
        ConnectionMissing,
        ConnectionNoUpgrade(excerpt()),
        ConnectionSubstring(excerpt()),
        ConnectionCloseWithUpgrade,
        KeyMissing,
        KeyEmpty,
        KeyDuplicateSame { lines: 2 },
        KeyDuplicateDifferent { lines: 2 },
        KeyList(excerpt()),
        KeyAlphabet { byte: 0, offset: 0 },
        KeyUrlSafe(excerpt()),
        KeyPaddingMissing(excerpt()),
        KeyPaddingExcess(excerpt()),
        KeyLength { bytes: 15 },
        KeyOverLong { characters: 1025 },
        KeyInnerWhitespace(excerpt()),
        KeyPadBits(excerpt()),
        VersionMissing,
        VersionOther(12),
        VersionDraft(8),
        VersionList(excerpt()),
        VersionLeadingZero(excerpt()),
        VersionNotDecimal(excerpt()),
        VersionOverflow(excerpt()),
        VersionDuplicate { lines: 2 },
        BodyPresent(excerpt()),
        LengthConflict(excerpt()),
        ExpectUnknown(excerpt()),
        OriginForeign(excerpt()),
        OriginMalformed(excerpt()),
        OriginDuplicate(excerpt()),
        SubprotocolOfferInvalid(excerpt()),
        SubprotocolOfferDuplicate(excerpt()),
        ExtensionOfferMalformed { received: excerpt(), offset: 0 },
        ConnectionField(excerpt()),
        PseudoFieldMissing(PseudoField::Path),
        SchemeUnknown(excerpt()),
        ProtocolMissing(excerpt()),
        ProtocolMisplaced(excerpt()),
        ProtocolUnknown(excerpt()),
        HostConflict(excerpt()),
        PlainGet,
    ]
}

fn response_faults() -> Vec<ResponseFault> {
    use ResponseFault::*;
    let wanted = Accept::derive(&Key::from_nonce([7; 16]));
    vec![
        TlsAnswer,
        StatusLineMalformed(excerpt()),
        Http10,
        StatusNot101(200),
        ObsFold(excerpt()),
        ControlByte { byte: 0, place: excerpt() },
        BareCr(excerpt()),
        BareLf(excerpt()),
        SpaceBeforeColon(excerpt()),
        FieldLineMalformed(excerpt()),
        HeadTooLarge { bytes_max: 1 },
        TooManyFields { fields_max: 1 },
        TooManyInterimAnswers { answers_max: 1 },
        AnswerTimeout,
        SwitchingStatus,
        ConnectionField(excerpt()),
        StreamMalformed,
        UpgradeMissing,
        UpgradeWrong(excerpt()),
        UpgradeRepeated { lines: 2 },
        ConnectionMissing,
        ConnectionWrong(excerpt()),
        ConnectionClose(excerpt()),
        AcceptMissing { wanted },
        AcceptWrong { received: excerpt(), wanted },
        AcceptCaseChanged { received: excerpt(), wanted },
        AcceptTrimmed { received: excerpt(), wanted },
        AcceptDuplicate { received: excerpt(), wanted },
        SubprotocolUnoffered(excerpt()),
        SubprotocolSeveral(excerpt()),
        SubprotocolDeclined,
        ExtensionUnoffered(excerpt()),
        ExtensionMalformed { received: excerpt(), offset: 0 },
        DeflateParameter { fault: ParameterFault::Unknown, received: excerpt() },
        DeflateParameter { fault: ParameterFault::ServerBitsIgnored, received: excerpt() },
        DeflateTwice(excerpt()),
    ]
}

fn frame_faults() -> Vec<FrameFault> {
    use FrameFault::*;
    vec![
        BudgetExceeded { limit: 1 },
        CloseCode(1005),
        CloseOneByte,
        CloseReasonNotUtf8,
        ContinuationUnexpected,
        ControlFragmented(OpCode::Ping),
        ControlTooLong(OpCode::Ping),
        DeflateInvalid,
        FrameTooBig { claimed: 2, limit: 1 },
        InflateRatio { limit: 1 },
        LengthBeyond63Bits(1 << 63),
        LengthNotShortest(1),
        MaskMissing,
        MaskUnexpected,
        MessageInterrupted(OpCode::Text),
        MessageTooBig { limit: 1 },
        ReservedBits(1),
        ReservedOpcode(3),
        TextNotUtf8 { at: 0 },
        TooManyFragments { limit: 1 },
    ]
}

const HEAD: &str = "\
# Every fault, its answer and its fix

<!-- Written by `cargo xtask docs` from crates/handfast-proto/src/error: do not edit. -->

The type says who was wrong: `RequestFault` a client, `ResponseFault` a server, `FrameFault` either of them once the
WebSocket is open. The variant says what they did. `Display` of a fault is a sentence that also tells what came; a fault
of the handshake has `rule()`, the record of the rule that was broken, which `handfast explain ID` prints.
";

const REQUESTS: &str = "
## `RequestFault`: a client's opening request

A server refuses. The refusal holds *all* faults of the request; its status is that of the most telling one, and its text
names each. A 405 carries `Allow: GET`, a 426 `Upgrade: websocket` and `Sec-WebSocket-Version: 13`; every one
`Cache-Control: no-store` and `Connection: close`, and the connection is then closed.
";

const RESPONSES: &str = "
## `ResponseFault`: a server's answer

A client fails the connection: it sends nothing more and reads nothing behind the head. The rules are those that bind a
client (what it must not open on), so that a rule and its probe have one id. A final answer other than 101 that is right
HTTP is no fault: the client gives it to the program as it came.
";

const FRAMES: &str = "
## `FrameFault`: after the handshake

The endpoint that notices sends a Close frame with this code and the fault's sentence as its reason, reads nothing more,
and ends the connection. The sections are those of RFC 6455 unless another is named.
";
