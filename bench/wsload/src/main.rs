//! `wsload`: a load generator for WebSocket servers that belongs to no library.
//!
//! One thread, raw nonblocking sockets, epoll, frames encoded and masked before the clock runs.
//! It verifies what comes back and prints one line of JSON. See `bench/README.md`.

mod net;
mod stream;
mod tls;
mod util;

use net::*;
use std::process::exit;
use util::*;

pub struct Args {
    v: Vec<(String, String)>,
}

impl Args {
    fn parse() -> (String, Self) {
        let mut it = std::env::args().skip(1);
        let mode = it.next().unwrap_or_else(|| usage());
        let mut v = Vec::new();
        while let Some(k) = it.next() {
            let Some(k) = k.strip_prefix("--") else { usage() };
            let val = match k {
                "deflate" | "raw" => "1".to_string(),
                _ => it.next().unwrap_or_else(|| usage()),
            };
            v.push((k.to_string(), val));
        }
        (mode, Args { v })
    }
    pub fn str(&self, k: &str, d: &str) -> String {
        self.v.iter().rev().find(|(n, _)| n == k).map_or(d.to_string(), |(_, v)| v.clone())
    }
    pub fn num(&self, k: &str, d: f64) -> f64 {
        let s = self.str(k, "");
        if s.is_empty() {
            return d;
        }
        s.parse().unwrap_or_else(|_| {
            eprintln!("--{k}: not a number: {s}");
            exit(2)
        })
    }
    pub fn int(&self, k: &str, d: usize) -> usize {
        self.num(k, d as f64) as usize
    }
    pub fn flag(&self, k: &str) -> bool {
        !self.str(k, "").is_empty()
    }
}

fn usage() -> ! {
    eprintln!(
        "wsload MODE --port N --pid SERVER_PID [options]\n\
         handshake --inflight 64 --headers min|browser|COUNT --close rst|fin --secs 3 --warmup 0.5\n\
         echo      --conns 64 --size 16 --depth 1 --kind binary|text|utf8|json --idle 0 --secs 3 [--deflate] [--raw]\n\
         idle      --conns 10000 --size 1024 --settle 1 [--deflate]\n\
         idle-tls  the same over TLS 1.3\n\
         broadcast --conns 101 --size 128 --depth 1 --path /broadcast --secs 3\n\
         probe     how fast the machine is right now (a fixed piece of work, 40 ms)\n\
         common    --path / --name LABEL"
    );
    exit(2)
}

pub fn fail(j: Json, e: String) -> ! {
    let mut j = j;
    j.str("error", &e);
    println!("{}", j.finish());
    exit(1)
}

fn main() {
    let (mode, a) = Args::parse();
    let mut j = Json::new();
    j.str("mode", &mode);
    j.str("name", &a.str("name", ""));
    let r = match mode.as_str() {
        "handshake" => handshake(&a, &mut j),
        "echo" => stream::echo(&a, &mut j, false),
        "broadcast" => stream::echo(&a, &mut j, true),
        "idle" => stream::idle(&a, &mut j),
        "idle-tls" => tls::idle(&a, &mut j),
        "probe" => probe(&mut j),
        _ => usage(),
    };
    match r {
        Ok(()) => println!("{}", j.finish()),
        Err(e) => fail(j, e),
    }
}

struct Slot {
    fd: i32,
    key: usize,
    start: u64,
    sent: bool,
    len: usize,
    buf: [u8; 2048],
}

fn handshake(a: &Args, j: &mut Json) -> Res<()> {
    let port = a.int("port", 0) as u16;
    let pid = a.int("pid", 0) as i32;
    let w = a.int("inflight", 64);
    let (warm, secs) = (a.num("warmup", 0.5), a.num("secs", 3.0));
    let headers = a.str("headers", "min");
    let reset = a.str("close", "rst") == "rst";
    let path = a.str("path", "/");
    let dst = sockaddr([127, 0, 0, 1], port);
    let mut rng = Rng::seeded();
    let keys = Keys::new(16_384, &mut rng);
    let request = || match headers.as_str() {
        "min" => Ok(Request::minimal(port, &path, None)),
        "browser" => Ok(Request::browser(port, &path)),
        count => match count.parse() {
            Ok(count) if count >= 5 => Ok(Request::fields(port, &path, count)),
            _ => Err("--headers min|browser|COUNT, at least 5".to_string()),
        },
    };
    let mut req = request()?;
    j.str("headers", &headers);
    j.int("request_bytes", req.len() as u64);
    j.int("inflight", w as u64);
    j.str("close", if reset { "rst" } else { "fin" });

    let mut poll = Poll::new(w + 1);
    let mut serial = 0usize;
    // With FIN the client's side stays in TIME_WAIT: go round 127.0.0.2 .. 127.0.0.201.
    let src = |n: usize| if reset { None } else { Some([127, 0, 0, 2 + (n % 200) as u8]) };
    let mut start = |s: &mut Slot, i: usize, poll: &Poll| -> Res<()> {
        s.key = serial;
        s.len = 0;
        s.start = now_ns();
        s.fd = connect_nb(&dst, src(serial), reset)?;
        serial += 1;
        s.sent = matches!(write(s.fd, req.with_key(&keys.get(s.key).0)), Io::N(n) if n == req.len());
        poll.add(s.fd, if s.sent { IN } else { IN | OUT }, i);
        Ok(())
    };
    let mut slots: Vec<Slot> = (0..w)
        .map(|_| Slot { fd: -1, key: 0, start: 0, sent: false, len: 0, buf: [0; 2048] })
        .collect();
    for (i, s) in slots.iter_mut().enumerate() {
        start(s, i, &poll)?;
    }

    let t0 = now_ns();
    let t_meas = t0 + (warm * 1e9) as u64;
    let mut t_end = u64::MAX;
    let (mut a0, mut measuring) = (Cpu::default(), false);
    let (mut done, mut deflate, mut bytes) = (0u64, 0u64, 0u64);
    let mut hist = Hist::new();
    let mut last_progress = t0;
    loop {
        let n = poll.wait(500);
        let now = now_ns();
        if n == 0 && now - last_progress > 10_000_000_000 {
            return Err(format!("stalled: no handshake completed for 10 s after {done}"));
        }
        for e in 0..n {
            let (ev, i) = poll.get(e);
            let s = &mut slots[i];
            if !s.sent {
                if ev & OUT != 0 {
                    // Late writability: the request goes out now.
                    let (key, _) = keys.get(s.key);
                    let mut r = request()?;
                    match write(s.fd, r.with_key(key)) {
                        Io::N(n) if n == r.len() => {
                            s.sent = true;
                            poll.modify(s.fd, IN, i);
                        }
                        Io::Again => {}
                        _ => return Err("could not send a request whole".into()),
                    }
                } else {
                    return Err("connection failed before the request".into());
                }
                continue;
            }
            match read(s.fd, &mut s.buf[s.len..]) {
                Io::N(n) => s.len += n,
                Io::Again => continue,
                Io::Eof => return Err(format!("server closed after {} bytes", s.len)),
                Io::Err(e) => return Err(e),
            }
            if let Some(ans) = check_101(&s.buf[..s.len], &keys.get(s.key).1)? {
                let t = now_ns();
                hist.add(t - s.start);
                done += 1;
                deflate += u64::from(ans.deflate);
                bytes = ans.len as u64;
                last_progress = t;
                close(s.fd);
                start(s, i, &poll)?;
            } else if s.len == s.buf.len() {
                return Err("response head longer than 2 KiB".into());
            }
        }
        if !measuring && now >= t_meas {
            measuring = true;
            done = 0;
            deflate = 0;
            hist.clear();
            a0 = snapshot(pid);
            t_end = a0.wall_ns + (secs * 1e9) as u64;
        } else if now >= t_end {
            break;
        }
    }
    let b = snapshot(pid);
    for s in &slots {
        linger0(s.fd);
        close(s.fd);
    }
    j.int("ops", done);
    j.num("per_s", done as f64 / ((b.wall_ns - a0.wall_ns) as f64 / 1e9));
    cpu_json(j, a0, b, done);
    j.num("p50_us", hist.q_us(0.5));
    j.num("p99_us", hist.q_us(0.99));
    j.num("max_us", hist.max_us());
    j.int("response_bytes", bytes);
    j.num("deflate_share", deflate as f64 / done.max(1) as f64);
    if done == 0 {
        return Err("no handshake completed".into());
    }
    Ok(())
}

/// A fixed piece of work, timed in CPU time: 1 KiB through a TCP connection on loopback, and SHA-1.
/// Virtual machines change speed by a third from second to second; this says which it was.
fn probe(j: &mut Json) -> Res<()> {
    let cpu = || {
        let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut ts) };
        ts.tv_sec as u64 * 1_000_000_000 + ts.tv_nsec as u64
    };
    let io = |e: std::io::Error| e.to_string();
    use std::io::{Read, Write};
    let l = std::net::TcpListener::bind("127.0.0.1:0").map_err(io)?;
    let mut a = std::net::TcpStream::connect(l.local_addr().map_err(io)?).map_err(io)?;
    let (mut b, _) = l.accept().map_err(io)?;
    a.set_nodelay(true).map_err(io)?;
    let mut buf = [7u8; 1024];
    let mut round = |n: u32| -> Res<f64> {
        let t = cpu();
        for _ in 0..n {
            a.write_all(&buf).map_err(io)?;
            b.read_exact(&mut buf).map_err(io)?;
        }
        Ok((cpu() - t) as f64 / f64::from(n))
    };
    round(500)?;
    let net = round(8_000)?;
    let data = vec![3u8; 4096 - 72];
    let mut x = 0u8;
    let t = cpu();
    for _ in 0..800 {
        x ^= sha1(std::hint::black_box(&data))[0];
    }
    let alu = (cpu() - t) as f64 / 800.0 / 64.0;
    std::hint::black_box(x);
    j.num("probe_net_ns", net);
    j.num("probe_alu_ns", alu);
    Ok(())
}
