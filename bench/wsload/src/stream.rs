//! Connections that stay open: echo, broadcast and idle.

use crate::net::*;
use crate::util::*;
use crate::Args;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

// ---------------------------------------------------------------- prepared frames

/// Frames of one payload size, masked and ready, as one ring of bytes: `k` frames of `frame` bytes.
struct Pool {
    k: usize,
    size: usize,
    opcode: u8,
    /// Masked frames end to end; frame `i` is `at[i]..at[i + 1]`.
    wire: Vec<u8>,
    at: Vec<usize>,
    plain: Vec<Vec<u8>>,
    deflated: bool,
}

pub fn text(kind: &str, size: usize, rng: &mut Rng) -> Vec<u8> {
    let mut v = Vec::with_capacity(size + 64);
    match kind {
        "utf8" => {
            const P: [&str; 8] =
                ["é", "ж", "語", "😀", "a", "grün ", "κόσμε ", "plain words "];
            while v.len() < size {
                v.extend_from_slice(P[rng.next() as usize & 7].as_bytes());
            }
            // Cut at a character boundary and fill with ASCII, so that the size is exact.
            let mut n = size;
            while n > 0 && n < v.len() && v[n] & 0xC0 == 0x80 {
                n -= 1;
            }
            v.truncate(n);
            v.resize(size, b'.');
        }
        "json" => {
            while v.len() < size {
                let r = rng.next();
                v.extend_from_slice(
                    format!(
                        "{{\"id\":{},\"user\":\"u{}\",\"event\":\"price\",\"symbol\":\"EUR/USD\",\
                         \"bid\":{}.{:05},\"ok\":true}},",
                        r % 1_000_000,
                        r % 977,
                        r % 3,
                        r % 100_000
                    )
                    .as_bytes(),
                );
            }
            v.truncate(size);
        }
        _ => {
            while v.len() < size {
                v.push(b' ' + (rng.next() % 95) as u8);
            }
        }
    }
    v
}

pub fn push_frame(out: &mut Vec<u8>, b0: u8, payload: &[u8], rng: &mut Rng) {
    out.push(b0);
    match payload.len() {
        n if n < 126 => out.push(0x80 | n as u8),
        n if n < 65536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    let mut mask = [0u8; 4];
    rng.fill(&mut mask);
    out.extend_from_slice(&mask);
    out.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i & 3]));
}

/// RFC 7692 payload: raw deflate, flushed, without the trailing 00 00 ff ff.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut c = Compress::new(Compression::new(6), false);
    let mut out = Vec::with_capacity(data.len() + 128);
    c.compress_vec(data, &mut out, FlushCompress::Sync).expect("deflate");
    assert!(out.ends_with(&[0, 0, 0xFF, 0xFF]));
    out.truncate(out.len() - 4);
    out
}

/// One message through the connection's inflater, which keeps its window from message to message
/// (right whether the server resets its own context or not).
pub fn inflate(d: &mut Decompress, zipped: &mut Vec<u8>, want: usize) -> Res<Vec<u8>> {
    zipped.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
    let mut out = Vec::with_capacity(want + 64);
    let from = d.total_in();
    match d.decompress_vec(zipped, &mut out, FlushDecompress::Sync) {
        Ok(Status::Ok | Status::StreamEnd | Status::BufError) => {}
        Err(e) => return Err(format!("inflate: {e}")),
    }
    if d.total_in() - from != zipped.len() as u64 {
        return Err("a compressed message inflates to more than was sent".into());
    }
    Ok(out)
}

impl Pool {
    fn new(kind: &str, size: usize, deflated: bool, rng: &mut Rng) -> Res<Self> {
        let opcode = match kind {
            "binary" => 2,
            "text" | "utf8" | "json" => 1,
            _ => return Err("--kind binary|text|utf8|json".into()),
        };
        let k = (4 * 1024 * 1024 / size.max(1)).clamp(4, 256);
        let (mut wire, mut at, mut plain) = (Vec::new(), vec![0], Vec::new());
        for _ in 0..k {
            let p = if kind == "binary" {
                let mut v = vec![0; size];
                rng.fill(&mut v);
                v
            } else {
                text(kind, size, rng)
            };
            if deflated {
                push_frame(&mut wire, 0xC0 | opcode, &deflate(&p), rng);
            } else {
                push_frame(&mut wire, 0x80 | opcode, &p, rng);
            }
            at.push(wire.len());
            plain.push(p);
        }
        Ok(Pool { k, size, opcode, wire, at, plain, deflated })
    }
}

// ---------------------------------------------------------------- one connection

const FULL_EVERY: u64 = 16;

#[derive(Default)]
struct Conn {
    fd: i32,
    // Sending: frames are taken from the ring; `first` is where this connection begins in it.
    first: usize,
    queued: u64,
    sent: u64,
    part: usize,
    want_out: bool,
    pong: Vec<u8>,
    // Receiving.
    recv: u64,
    hdr: [u8; 14],
    hdr_len: usize,
    left: usize,
    got: usize,
    rsv1: bool,
    in_payload: bool,
    fin: bool,
    started: bool,
    opcode: u8,
    zipped: Vec<u8>,
    inflater: Option<Box<Decompress>>,
    raw_at: usize,
    times: std::collections::VecDeque<u64>,
}

struct Totals {
    messages: u64,
    bytes: u64,
    pings: u64,
    compressed: u64,
    full_checks: u64,
    fragments: u64,
}

impl Conn {
    /// Sends what is queued, as many frames a call as lie in a row. False: the socket is full.
    fn flush(&mut self, pool: &Pool) -> Res<bool> {
        loop {
            if self.part == 0 && !self.pong.is_empty() {
                match write(self.fd, &self.pong) {
                    Io::N(n) if n == self.pong.len() => self.pong.clear(),
                    Io::N(_) => return Err("pong cut short".into()),
                    Io::Again => return Ok(false),
                    Io::Eof => return Err("closed".into()),
                    Io::Err(e) => return Err(e),
                }
            }
            if self.sent == self.queued {
                return Ok(true);
            }
            let i = (self.first + self.sent as usize) % pool.k;
            let run = ((self.queued - self.sent) as usize).min(pool.k - i);
            let from = pool.at[i] + self.part;
            let to = pool.at[i + run];
            match write(self.fd, &pool.wire[from..to]) {
                Io::N(n) => {
                    let end = from + n;
                    let mut f = i;
                    while f < i + run && pool.at[f + 1] <= end {
                        f += 1;
                    }
                    self.sent += (f - i) as u64;
                    self.part = if f == i + run { 0 } else { end - pool.at[f] };
                }
                Io::Again => return Ok(false),
                Io::Eof => return Err("closed".into()),
                Io::Err(e) => return Err(e),
            }
        }
    }

    /// Takes received bytes; returns how many messages were completed by them.
    fn feed(&mut self, pool: &Pool, mut b: &[u8], t: &mut Totals, rng: &mut Rng) -> Res<u64> {
        let mut done = 0;
        t.bytes += b.len() as u64;
        while !b.is_empty() || (self.in_payload && self.left == 0) {
            if !self.in_payload {
                // Gather the header: 2 bytes tell how many more there are.
                let need = |h: &[u8]| -> usize {
                    if h.len() < 2 {
                        2
                    } else {
                        match h[1] & 127 {
                            126 => 4,
                            127 => 10,
                            _ => 2,
                        }
                    }
                };
                loop {
                    let want = need(&self.hdr[..self.hdr_len]);
                    if self.hdr_len >= want {
                        break;
                    }
                    if b.is_empty() {
                        return Ok(done);
                    }
                    let n = (want - self.hdr_len).min(b.len());
                    self.hdr[self.hdr_len..self.hdr_len + n].copy_from_slice(&b[..n]);
                    self.hdr_len += n;
                    b = &b[n..];
                }
                let (h0, h1) = (self.hdr[0], self.hdr[1]);
                if h1 & 0x80 != 0 {
                    return Err("the server masked a frame".into());
                }
                if h0 & 0x30 != 0 {
                    return Err("reserved bits set".into());
                }
                let len = match h1 & 127 {
                    126 => u16::from_be_bytes([self.hdr[2], self.hdr[3]]) as usize,
                    127 => u64::from_be_bytes(self.hdr[2..10].try_into().unwrap()) as usize,
                    n => n as usize,
                };
                self.hdr_len = 0;
                let op = h0 & 15;
                self.opcode = op;
                self.fin = h0 & 0x80 != 0;
                self.left = len;
                self.in_payload = true;
                if op >= 8 {
                    if len > 125 {
                        return Err("long control frame".into());
                    }
                    self.zipped.clear();
                    continue;
                }
                if self.started != (op == 0) {
                    return Err(format!("opcode {op} in the wrong place"));
                }
                if op != 0 {
                    if op != pool.opcode {
                        return Err(format!("opcode {op}, sent {}", pool.opcode));
                    }
                    self.rsv1 = h0 & 0x40 != 0;
                    if self.rsv1 && !pool.deflated {
                        return Err("RSV1 without permessage-deflate".into());
                    }
                    self.got = 0;
                    self.zipped.clear();
                } else {
                    t.fragments += 1;
                }
                self.started = !self.fin;
                if !self.rsv1 && self.got + len > pool.size {
                    return Err(format!("message longer than {} bytes", pool.size));
                }
            }
            let n = self.left.min(b.len());
            let chunk = &b[..n];
            b = &b[n..];
            self.left -= n;
            let expect = (self.first + self.recv as usize) % pool.k;
            let full = self.recv % FULL_EVERY == 0;
            if self.opcode >= 8 {
                self.zipped.extend_from_slice(chunk);
                if self.left == 0 {
                    self.in_payload = false;
                    match self.opcode {
                        9 => {
                            t.pings += 1;
                            let p = std::mem::take(&mut self.zipped);
                            push_frame(&mut self.pong, 0x8A, &p, rng);
                        }
                        10 => {}
                        _ => {
                            let z = &self.zipped;
                            let code = z.get(..2).map(|c| u16::from_be_bytes([c[0], c[1]]));
                            return Err(format!("the server sent Close {code:?}"));
                        }
                    }
                    self.zipped.clear();
                }
                continue;
            }
            if self.rsv1 {
                self.zipped.extend_from_slice(chunk);
            } else {
                let want = &pool.plain[expect][self.got..self.got + n];
                let same = if full || n <= 64 {
                    chunk == want
                } else {
                    chunk[..32] == want[..32] && chunk[n - 32..] == want[n - 32..]
                };
                if !same {
                    return Err(format!("message {} differs near byte {}", self.recv, self.got));
                }
            }
            self.got += n;
            if self.left == 0 {
                self.in_payload = false;
                if self.fin {
                    if self.rsv1 {
                        t.compressed += 1;
                        let d = self
                            .inflater
                            .get_or_insert_with(|| Box::new(Decompress::new(false)));
                        if inflate(d, &mut self.zipped, pool.size)? != pool.plain[expect] {
                            return Err(format!("message {} differs when inflated", self.recv));
                        }
                    } else if self.got != pool.size {
                        return Err(format!("{} bytes came back, not {}", self.got, pool.size));
                    }
                    t.full_checks += u64::from(full);
                    self.recv += 1;
                    done += 1;
                }
            }
        }
        t.messages += done;
        Ok(done)
    }

    /// Raw TCP echo: the masked frames themselves come back.
    fn feed_raw(&mut self, pool: &Pool, mut b: &[u8], t: &mut Totals) -> Res<u64> {
        let mut done = 0;
        t.bytes += b.len() as u64;
        while !b.is_empty() {
            let i = (self.first + self.recv as usize) % pool.k;
            let frame = &pool.wire[pool.at[i]..pool.at[i + 1]];
            let n = (frame.len() - self.raw_at).min(b.len());
            let want = &frame[self.raw_at..self.raw_at + n];
            let full = self.recv % FULL_EVERY == 0;
            let same = if full || n <= 64 {
                &b[..n] == want
            } else {
                b[..32] == want[..32] && b[n - 32..n] == want[n - 32..]
            };
            if !same {
                return Err(format!("raw message {} differs", self.recv));
            }
            b = &b[n..];
            self.raw_at += n;
            if self.raw_at == frame.len() {
                self.raw_at = 0;
                self.recv += 1;
                t.full_checks += u64::from(full);
                done += 1;
            }
        }
        t.messages += done;
        Ok(done)
    }
}

fn source(i: usize) -> Option<[u8; 4]> {
    // 10 000 ports an address at most.
    Some([127, 0, 0, 1 + (i / 10_000) as u8])
}

// ---------------------------------------------------------------- echo and broadcast

pub fn echo(a: &Args, j: &mut Json, broadcast: bool) -> Res<()> {
    let port = a.int("port", 0) as u16;
    let pid = a.int("pid", 0) as i32;
    let conns = a.int("conns", if broadcast { 101 } else { 64 });
    let size = a.int("size", if broadcast { 128 } else { 16 });
    let depth = a.int("depth", 1).max(1) as u64;
    let kind = a.str("kind", "binary");
    let (warm, secs) = (a.num("warmup", 0.5), a.num("secs", 3.0));
    let raw = a.flag("raw");
    let want_deflate = a.flag("deflate");
    let path = a.str("path", if broadcast { "/broadcast" } else { "/" });
    let dst = sockaddr([127, 0, 0, 1], port);
    let mut rng = Rng::seeded();
    let keys = Keys::new(1024, &mut rng);
    let mut req = Request::minimal(port, &path, want_deflate.then_some(OFFER));
    j.int("conns", conns as u64);
    j.int("size", size as u64);
    j.int("depth", depth);
    j.str("kind", &kind);

    let mut t = Totals { messages: 0, bytes: 0, pings: 0, compressed: 0, full_checks: 0, fragments: 0 };
    // Connections that are only open. Nobody answers a ping on them: runs are shorter than servers' patience.
    let idle = a.int("idle", 0);
    for i in 0..idle {
        if raw {
            connect_nb(&dst, source(i), true)?;
        } else {
            open(&dst, source(i), &mut req, &keys, i)?;
        }
    }
    j.int("idle", idle as u64);
    let mut list: Vec<Conn> = Vec::with_capacity(conns);
    let mut early = Vec::new();
    let mut agreed = want_deflate;
    for i in 0..conns {
        let (fd, rest) = if raw {
            let fd = connect_nb(&dst, source(i), true)?;
            setopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
            (fd, Vec::new())
        } else {
            let (fd, ans, rest) = open(&dst, source(i), &mut req, &keys, i)?;
            agreed &= ans.deflate;
            (fd, rest)
        };
        early.push(rest);
        list.push(Conn { fd, ..Default::default() });
    }
    if want_deflate && !agreed {
        return Err("the server did not accept permessage-deflate".into());
    }
    let pool = Pool::new(&kind, size, agreed, &mut rng)?;
    j.int("wire_bytes", (pool.wire.len() / pool.k) as u64);
    for (i, c) in list.iter_mut().enumerate() {
        c.first = if broadcast { 0 } else { (i * 7) % pool.k };
        let rest = std::mem::take(&mut early[i]);
        c.feed(&pool, &rest, &mut t, &mut rng)?;
    }

    let mut poll = Poll::new(conns.min(1024));
    for (i, c) in list.iter().enumerate() {
        poll.add(c.fd, IN, i);
    }
    let t0 = now_ns();
    let n_senders = if broadcast { 1 } else { conns };
    for (i, c) in list.iter_mut().enumerate().take(n_senders) {
        c.queued = depth;
        for _ in 0..depth {
            c.times.push_back(t0);
        }
        if !c.flush(&pool)? {
            c.want_out = true;
            poll.modify(c.fd, IN | OUT, i);
        }
    }

    // Broadcast: how many have received message `s`, for the window of unfinished ones.
    let mut spread: std::collections::VecDeque<u64> = std::collections::VecDeque::new();
    let mut spread_base = 0u64;

    let mut buf = vec![0u8; 256 * 1024];
    let t_meas = t0 + (warm * 1e9) as u64;
    let (mut t_end, mut measuring, mut a0) = (u64::MAX, false, Cpu::default());
    let (mut m0, mut b0) = (0, 0);
    let mut hist = Hist::new();
    let mut last_progress = t0;
    loop {
        let n = poll.wait(500);
        let now = now_ns();
        if n == 0 && now - last_progress > 10_000_000_000 {
            return Err(format!("stalled: nothing came back for 10 s after {} messages", t.messages));
        }
        if n > 0 {
            last_progress = now;
        }
        let mut resend = 0u64;
        for e in 0..n {
            let (ev, i) = poll.get(e);
            let c = &mut list[i];
            if ev & !OUT != 0 {
                let done = match read(c.fd, &mut buf) {
                    Io::N(n) if raw => c.feed_raw(&pool, &buf[..n], &mut t)?,
                    Io::N(n) => c.feed(&pool, &buf[..n], &mut t, &mut rng)?,
                    Io::Again => 0,
                    Io::Eof => return Err("the server closed a connection".into()),
                    Io::Err(e) => return Err(e),
                };
                if done > 0 {
                    let tn = now_ns();
                    if broadcast {
                        for s in c.recv - done..c.recv {
                            let at = (s - spread_base) as usize;
                            while spread.len() <= at {
                                spread.push_back(0);
                            }
                            spread[at] += 1;
                        }
                        while spread.front() == Some(&(conns as u64)) {
                            spread.pop_front();
                            spread_base += 1;
                            resend += 1;
                        }
                    } else {
                        for _ in 0..done {
                            hist.add(tn - c.times.pop_front().unwrap_or(tn));
                            c.times.push_back(tn);
                        }
                        c.queued += done;
                    }
                }
            }
            if (c.sent != c.queued || !c.pong.is_empty()) && (!c.want_out || ev & OUT != 0) {
                let all = c.flush(&pool)?;
                if all == c.want_out {
                    c.want_out = !all;
                    poll.modify(c.fd, if all { IN } else { IN | OUT }, i);
                }
            }
        }
        if resend > 0 {
            let tn = now_ns();
            let c = &mut list[0];
            for _ in 0..resend {
                hist.add(tn - c.times.pop_front().unwrap_or(tn));
                c.times.push_back(tn);
            }
            c.queued += resend;
            let all = c.flush(&pool)?;
            if all == c.want_out {
                c.want_out = !all;
                poll.modify(c.fd, if all { IN } else { IN | OUT }, 0);
            }
        }
        if !measuring && now >= t_meas {
            measuring = true;
            hist.clear();
            a0 = snapshot(pid);
            (m0, b0) = (t.messages, t.bytes);
            t_end = a0.wall_ns + (secs * 1e9) as u64;
        } else if now >= t_end {
            break;
        }
    }
    let b = snapshot(pid);
    let (ops, bytes) = (t.messages - m0, t.bytes - b0);
    let (rss, anon) = memory(pid);
    for c in &list {
        close(c.fd);
    }
    let wall = (b.wall_ns - a0.wall_ns) as f64 / 1e9;
    j.int("ops", ops);
    j.num("per_s", ops as f64 / wall);
    j.num("mib_s", ops as f64 * size as f64 / wall / 1_048_576.0);
    j.num("recv_mib_s", bytes as f64 / wall / 1_048_576.0);
    cpu_json(j, a0, b, ops);
    j.num("p50_us", hist.q_us(0.5));
    j.num("p99_us", hist.q_us(0.99));
    j.num("max_us", hist.max_us());
    j.int("full_checks", t.full_checks);
    j.int("fragments", t.fragments);
    j.int("compressed", t.compressed);
    j.int("pings", t.pings);
    j.int("rss", rss);
    j.int("rss_anon", anon);
    if ops == 0 {
        return Err("no message came back in the measured time".into());
    }
    Ok(())
}

// ---------------------------------------------------------------- idle

pub fn pause(secs: f64) {
    std::thread::sleep(std::time::Duration::from_secs_f64(secs));
}

/// One round of one echo a connection, 64 connections at a time.
fn echo_round(list: &mut [Conn], pool: &Pool, t: &mut Totals, rng: &mut Rng) -> Res<()> {
    let mut poll = Poll::new(256);
    for (i, c) in list.iter().enumerate() {
        poll.add(c.fd, IN, i);
    }
    let mut buf = vec![0u8; 256 * 1024];
    let (mut next, mut flying, mut done) = (0usize, 0usize, 0usize);
    let mut last = now_ns();
    while done < list.len() {
        while flying < 64 && next < list.len() {
            let c = &mut list[next];
            c.queued += 1;
            let end = now_ns() + 10_000_000_000;
            while !c.flush(pool)? {
                if now_ns() > end {
                    return Err("could not send".into());
                }
            }
            next += 1;
            flying += 1;
        }
        let n = poll.wait(500);
        if n == 0 && now_ns() - last > 20_000_000_000 {
            return Err(format!("stalled after {done} echoes"));
        }
        for e in 0..n {
            let (_, i) = poll.get(e);
            let c = &mut list[i];
            match read(c.fd, &mut buf) {
                Io::N(n) => {
                    let d = c.feed(pool, &buf[..n], t, rng)? as usize;
                    done += d;
                    flying -= d;
                    if !c.pong.is_empty() {
                        c.flush(pool)?;
                    }
                    last = now_ns();
                }
                Io::Again => {}
                Io::Eof => return Err("the server closed a connection".into()),
                Io::Err(e) => return Err(e),
            }
        }
    }
    Ok(())
}

pub fn idle(a: &Args, j: &mut Json) -> Res<()> {
    let port = a.int("port", 0) as u16;
    let pid = a.int("pid", 0) as i32;
    let conns = a.int("conns", 10_000);
    let size = a.int("size", 1024);
    let settle = a.num("settle", 1.0);
    let want_deflate = a.flag("deflate");
    let path = a.str("path", "/");
    let kind = a.str("kind", "json");
    let dst = sockaddr([127, 0, 0, 1], port);
    let mut rng = Rng::seeded();
    let keys = Keys::new(1024, &mut rng);
    let offer = if want_deflate { Some(OFFER) } else { None };
    let mut req = Request::minimal(port, &path, offer);
    let mut t = Totals { messages: 0, bytes: 0, pings: 0, compressed: 0, full_checks: 0, fragments: 0 };
    j.int("conns", conns as u64);
    j.int("size", size as u64);

    // One connection first, so that lazily made tables are not charged to the many.
    let mut list: Vec<Conn> = Vec::with_capacity(conns);
    let (fd, ans, _) = open(&dst, source(0), &mut req, &keys, 0)?;
    let agreed = want_deflate && ans.deflate;
    if want_deflate && !agreed {
        return Err("the server did not accept permessage-deflate".into());
    }
    let pool = Pool::new(&kind, size, agreed, &mut rng)?;
    let mut warm = vec![Conn { fd, ..Default::default() }];
    echo_round(&mut warm, &pool, &mut t, &mut rng)?;
    close(fd);
    let mut looks = Looks::new(pid, settle);
    for i in 0..conns {
        let (fd, _, rest) = open(&dst, source(i), &mut req, &keys, i)?;
        let mut c = Conn { fd, first: i % pool.k, ..Default::default() };
        c.feed(&pool, &rest, &mut t, &mut rng)?;
        list.push(c);
    }
    looks.opened();
    echo_round(&mut list, &pool, &mut t, &mut rng)?;
    looks.echoed();
    for c in &list {
        close(c.fd);
    }
    looks.closed(j, conns);
    j.int("compressed", t.compressed);
    j.int("ops", t.messages);
    Ok(())
}

/// A server's memory and CPU before, while and after many connections are open.
pub struct Looks {
    pid: i32,
    settle: f64,
    memory: Vec<(u64, u64)>,
    kernel: Vec<(u64, u64)>,
    cpu: Vec<Cpu>,
}

impl Looks {
    pub fn new(pid: i32, settle: f64) -> Self {
        let mut looks = Looks { pid, settle, memory: Vec::new(), kernel: Vec::new(), cpu: Vec::new() };
        looks.look();
        looks.cpu.push(snapshot(pid));
        looks
    }

    /// All connections are open.
    pub fn opened(&mut self) {
        self.cpu.push(snapshot(self.pid));
        self.look();
    }

    /// Each has had one echo. Looks on for a while as nothing happens.
    pub fn echoed(&mut self) {
        self.cpu.push(snapshot(self.pid));
        self.look();
        self.cpu.push(snapshot(self.pid));
        pause(self.settle);
        self.cpu.push(snapshot(self.pid));
    }

    /// All were closed.
    pub fn closed(mut self, j: &mut Json, conns: usize) {
        self.look();
        let per = |from: u64, to: u64| (to as f64 - from as f64) / conns as f64;
        let us = |from: usize, to: usize| (self.cpu[to].server_ns - self.cpu[from].server_ns) as f64 / 1000.0;
        let (m, k) = (&self.memory, &self.kernel);
        j.int("base_rss", m[0].0);
        j.num("open_rss_per_conn", per(m[0].0, m[1].0));
        j.num("open_anon_per_conn", per(m[0].1, m[1].1));
        j.num("echoed_rss_per_conn", per(m[0].0, m[2].0));
        j.num("echoed_anon_per_conn", per(m[0].1, m[2].1));
        j.int("closed_rss", m[3].0);
        j.num("kernel_slab_per_conn", per(k[0].0, k[2].0));
        j.num("kernel_tcp_per_conn", per(k[0].1, k[2].1));
        j.num("open_cpu_us_per_op", us(0, 1) / conns as f64);
        j.num("echo_cpu_us_per_op", us(1, 2) / conns as f64);
        let wall = (self.cpu[4].wall_ns - self.cpu[3].wall_ns) as f64 / 1e9;
        j.num("idle_cpu_ms_per_s", us(3, 4) / 1000.0 / wall);
    }

    fn look(&mut self) {
        pause(self.settle);
        self.memory.push(memory(self.pid));
        self.kernel.push(kernel_memory());
    }
}
