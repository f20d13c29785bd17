//! `handfast bench`, against `handfast serve` and against servers that are wrong in one way each.

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Output;
use std::sync::mpsc;
use support::{PATIENCE, Serve, accept_of, code, command, handfast, read_head, stderr, stdout, switching};

#[test]
fn closed_model_verifies_every_echo_and_times_each_phase() {
    let serve = Serve::start(&["--threads", "1"]);
    for more in [
        &["-c", "3"][..],
        &["-c", "4", "--depth", "8", "--payload", "70000", "--kind", "text", "--threads", "2"],
    ] {
        let url = serve.url("/echo");
        let (exit, report) = bench(&[&["-d", "0.3", &url], more].concat());
        assert_eq!(exit, 0, "{report:#}");
        let (messages, handshakes) = (&report["messages"], &report["handshakes"]);
        assert!(count(&messages["verified"]) > 0, "{report:#}");
        for name in ["wrong", "unanswered", "unasked", "under_way"] {
            assert_eq!(messages[name], 0, "{report:#}");
        }
        assert_eq!(messages["sent"], messages["verified"]);
        assert_eq!(messages["latency_us"]["count"], messages["verified"]);
        assert_eq!(
            (&handshakes["opened"], &report["connections"]),
            (&handshakes["begun"], &report["connections"])
        );
        for phase in ["tcp_us", "http_us", "total_us"] {
            assert_eq!(handshakes[phase]["count"], handshakes["opened"], "{phase}");
        }
        // An address needs no name service, and ws:// no TLS.
        assert!(handshakes["name_us"].is_null() && handshakes["tls_us"].is_null());
        let quantiles =
            ["p50", "p90", "p99", "p99_9", "max"].map(|name| messages["latency_us"][name].as_f64());
        assert!(quantiles.is_sorted() && quantiles[0] > Some(0.0), "{quantiles:?}");
    }
}

#[test]
fn open_model_keeps_its_rate_to_the_message() {
    let serve = Serve::start(&["--threads", "1"]);
    let url = serve.url("/echo");
    let (exit, report) = bench(&["--rate", "60", "-d", "0.5", "-c", "4", &url]);
    assert_eq!(exit, 0, "{report:#}");
    assert_eq!(
        (&report["scheduled"], &report["not_begun"], &report["model"]),
        (&30.into(), &0.into(), &"open".into())
    );
    assert_eq!((&report["messages"]["sent"], &report["messages"]["verified"]), (&30.into(), &30.into()));
    assert_eq!(report["generator"]["lateness_us"]["count"], 30);

    let (exit, report) = bench(&["--handshakes", "--rate", "40", "-d", "0.5", &url]);
    assert_eq!(exit, 0, "{report:#}");
    assert_eq!((&report["handshakes"]["begun"], &report["handshakes"]["opened"]), (&20.into(), &20.into()));
    assert!(report["messages"].is_null());
}

#[test]
fn latency_counts_from_the_scheduled_time_when_the_server_stalls() {
    // It answers nothing until all ten messages were received: the last of them is 450 ms younger than the first.
    let server = Wrong::start(|ws, _| {
        let frames: Vec<_> = (0..10).map_while(|_| ws.frame()).collect();
        frames.iter().for_each(|(opcode, payload)| ws.reply(*opcode, payload));
        while ws.frame().is_some() {}
    });
    let (exit, report) = bench(&["--rate", "20", "-d", "0.5", "-c", "1", &server.url()]);
    assert_eq!(exit, 6, "its close handshake is missing: {report:#}");
    let latency = &report["messages"]["latency_us"];
    assert_eq!(report["messages"]["verified"], 10, "{report:#}");
    assert!(latency["max"].as_f64() >= Some(440_000.0), "{latency}");
}

#[test]
fn a_wrong_accept_value_is_counted_by_its_rule() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client comes");
            read_head(&mut stream);
            // The client may be gone.
            let _ = stream.write_all(&switching("dGhpcyBpcyBub3QgaXQhIQo5Mzk=", ""));
        }
    });
    let (exit, report) = bench(&["--handshakes", "-c", "2", "-d", "0.2", &format!("ws://{address}/")]);
    assert_eq!(exit, 1, "{report:#}");
    let handshakes = &report["handshakes"];
    assert!(count(&handshakes["faulty"]) > 0 && handshakes["opened"] == 0, "{report:#}");
    assert_eq!(report["faulty_answers"][0]["rule"], "client/accept-wrong-opens");
    assert_eq!(report["faulty_answers"][0]["count"], handshakes["faulty"]);
}

#[test]
fn refusals_are_counted_by_status_and_by_the_rule_that_the_server_names() {
    let serve = Serve::start(&["--threads", "1"]);
    let url = serve.url("/echo");
    let (exit, report) =
        bench(&["--handshakes", "--rate", "50", "-d", "0.2", "--origin", "https://other.example", &url]);
    assert_eq!(exit, 1, "{report:#}");
    assert_eq!(report["handshakes"]["refused"], 10, "{report:#}");
    let refusal = &report["refusals"][0];
    assert_eq!((&refusal["status"], &refusal["count"]), (&403.into(), &10.into()), "{report:#}");
    assert!(
        refusal["reason"].as_str().is_some_and(|reason| reason.starts_with("server/origin")),
        "{refusal}"
    );

    let output = handfast(&["bench", "-c", "3", "-d", "5", &serve.url("/nowhere")]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).contains("\nRefused:\n         3  404"), "{}", stdout(&output));
}

#[test]
fn wrong_echoes_are_told_apart() {
    for (fault, kind) in [
        (Fault::Content, "with another content"),
        (Fault::Length, "of another length"),
        (Fault::Kind, "of the other kind"),
    ] {
        let server = Wrong::start(move |ws, _| {
            while let Some((opcode, mut payload)) = ws.frame() {
                match (opcode, fault) {
                    (8, _) => return ws.reply(8, &payload),
                    (_, Fault::Content) => payload[5] ^= 1,
                    (_, Fault::Length) => payload.truncate(9),
                    (_, Fault::Kind) => payload.fill(b'a'),
                }
                ws.reply(if fault == Fault::Kind { 1 } else { opcode }, &payload);
            }
        });
        let (exit, report) =
            bench(&["--rate", "40", "-d", "0.25", "-c", "2", "--payload", "20", &server.url()]);
        let messages = &report["messages"];
        assert_eq!(
            (exit, &messages["wrong"], &messages["verified"]),
            (1, &10.into(), &0.into()),
            "{report:#}"
        );
        assert_eq!(messages["wrong_by_kind"][kind], 10, "{report:#}");
    }
}

#[test]
fn silence_cuts_and_unasked_messages_are_told() {
    let silent = Wrong::start(|ws, _| while ws.frame().is_some() {});
    let (exit, report) = bench(&["-d", "0.2", "-c", "2", "--timeout", "0.4", &silent.url()]);
    assert_eq!((exit, &report["messages"]["unanswered"]), (4, &2.into()), "{report:#}");
    assert_eq!(report["errors"][0]["kind"], "no echo in time");

    let cutting = Wrong::start(|ws, _| drop(ws.frame()));
    let (exit, report) = bench(&["-d", "0.2", "-c", "2", &cutting.url()]);
    assert_eq!((exit, &report["messages"]["unanswered"]), (6, &2.into()), "{report:#}");
    assert_eq!(report["errors"][0]["count"], 2, "{report:#}");

    let greeting = Wrong::start(|ws, _| {
        ws.reply(1, b"welcome");
        while let Some((opcode, payload)) = ws.frame() {
            ws.reply(opcode, &payload);
        }
    });
    let (exit, report) = bench(&["--rate", "10", "-d", "0.3", "-c", "1", &greeting.url()]);
    let messages = &report["messages"];
    assert_eq!((exit, count(&messages["unasked"]) + count(&messages["wrong"]) > 0), (1, true), "{report:#}");
}

#[test]
fn only_this_machine_is_loaded_unless_said_otherwise() {
    let output = handfast(&["bench", "ws://192.0.2.1/"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
    assert_eq!(
        stderr(&output),
        "handfast: load goes only to this machine, or with --i-own-this-host; 192.0.2.1 is at 192.0.2.1\n"
    );
}

#[test]
fn a_server_that_is_not_there_ends_it_at_once() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let (exit, report) = bench(&["-d", "60", "-c", "2", &format!("127.0.0.1:{port}")]);
    assert_eq!((exit, &report["handshakes"]["failed"]), (3, &2.into()), "{report:#}");
    assert_eq!(report["errors"][0]["kind"], "unreachable: connection refused");
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_it_early_with_the_report() {
    let (sender, seen) = mpsc::channel();
    let server = Wrong::start(move |ws, _| {
        while let Some((opcode, payload)) = ws.frame() {
            ws.reply(opcode, &payload);
            let _ = sender.send(());
        }
    });
    let child = command(&["bench", "-d", "600", "-c", "1", "--format", "json", &server.url()])
        .spawn()
        .expect("the program starts");
    for _ in 0..3 {
        seen.recv_timeout(PATIENCE).expect("messages come");
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
    let output = child.wait_with_output().expect("the program ends");
    let (exit, report) = parsed(&output);
    assert_eq!((exit, &report["interrupted"]), (130, &true.into()), "{report:#}");
    assert!(count(&report["messages"]["verified"]) >= 2, "{report:#}");
}

#[test]
fn tls_is_timed_and_judged() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = std::env::temp_dir().join(format!("handfast-cli-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the certificate");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, signed.cert.pem()).expect("the certificate is written");
    std::fs::write(&key, signed.signing_key.serialize_pem()).expect("the key is written");
    let (cert, key) = (cert.to_str().expect("a plain path"), key.to_str().expect("a plain path"));
    let serve = Serve::start(&["--tls-cert", cert, "--tls-key", key, "--threads", "1"]);
    let url = format!("wss://localhost:{}/echo", serve.address.port());
    for trust in [&["--cacert", cert][..], &["-k"]] {
        let (exit, report) = bench(&[&["--handshakes", "--rate", "10", "-d", "0.3", &url], trust].concat());
        assert_eq!(exit, 0, "{report:#}");
        assert_eq!(report["handshakes"]["tls_us"]["count"], 3);
        assert_eq!(report["handshakes"]["name_us"]["count"], 3, "localhost is a name");
    }
    let (exit, report) = bench(&["-c", "1", &url]);
    assert_eq!((exit, &report["errors"][0]["kind"]), (3, &"TLS failed".into()), "{report:#}");
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}

#[test]
fn the_shape_of_the_json_is_what_the_page_says() {
    let serve = Serve::start(&["--threads", "1"]);
    let (_, report) = bench(&["--rate", "20", "-d", "0.1", "-c", "1", &serve.url("/echo")]);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bench.md"))
        .expect("the page");
    let mut names = Vec::new();
    collect(&report, "", &mut names);
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "docs/bench.md does not name {name}");
    }
}

/// Every path of an object, but for those in histograms, which have the same five.
fn collect(value: &Value, path: &str, names: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if !path.ends_with("_us") {
            collect(inner, &path, names);
        }
        names.push(path);
    }
}

/// Runs it with `--format json`.
fn bench(args: &[&str]) -> (i32, Value) {
    parsed(&handfast(&[&["bench", "--format", "json"], args].concat()))
}

fn parsed(output: &Output) -> (i32, Value) {
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)));
    assert_eq!(report["exit"], code(output), "the report names the exit code");
    (code(output), report)
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Content,
    Length,
    Kind,
}

/// A server that opens every connection rightly and then does what it is told; each connection with its number.
struct Wrong {
    address: SocketAddr,
}

impl Wrong {
    fn start(talk: impl Fn(&mut Frames, usize) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a client comes");
                let talk = talk.clone();
                std::thread::spawn(move || {
                    let head = read_head(&mut stream);
                    let key = head
                        .lines()
                        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
                        .expect("a key");
                    let opened = stream.write_all(&switching(&accept_of(key), ""));
                    opened.expect("the client waits for the answer");
                    talk(&mut Frames(stream), number);
                });
            }
        });
        Self { address }
    }

    fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

/// Frames with payloads of at most 65 535 bytes, by hand.
struct Frames(TcpStream);

impl Frames {
    /// The next frame's opcode and payload; `None` at the end.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second] = self.bytes::<2>()?;
        let length = match second & 0x7F {
            126 => usize::from(u16::from_be_bytes(self.bytes()?)),
            short => usize::from(short),
        };
        let mask = self.bytes::<4>()?;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some((first & 0x0F, payload))
    }

    fn reply(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(length),
            _ => {
                frame.push(126);
                frame.extend(u16::try_from(payload.len()).expect("a short payload").to_be_bytes());
            }
        }
        frame.extend(payload);
        // The client may be gone.
        let _ = self.0.write_all(&frame);
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}
