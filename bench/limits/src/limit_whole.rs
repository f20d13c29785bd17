//! The floor of a server that hands whole messages over, as libraries do: like `limit-ws` it trusts and
//! checks nothing, but it holds a message until its last byte is there, and writes it at once. One
//! message at a time on a connection: not for cells with several in flight.

mod ep;
use ep::*;

/// The longest header of a client's frame.
const HEAD: usize = 14;

/// How much is read while the length is not known.
const FIRST_READ: usize = 4096;

#[derive(Default)]
struct Conn {
    open: bool,
    /// From the frame's first byte. It keeps its memory, as large as the largest message.
    data: Vec<u8>,
    /// Bytes that came, and bytes of them that were unmasked (the header among them).
    came: usize,
    unmasked: usize,
    /// Bytes that were written of the answer, which begins at `from`.
    from: usize,
    written: usize,
}

/// Length of the header and of the payload.
fn header(data: &[u8]) -> Option<(usize, usize)> {
    match data.get(1)? & 127 {
        126 => Some((8, u16::from_be_bytes(data.get(2..4)?.try_into().ok()?) as usize)),
        127 => Some((14, u64::from_be_bytes(data.get(2..10)?.try_into().ok()?) as usize)),
        n => Some((6, n as usize)),
    }
}

impl Conn {
    /// Reads what is there. True when the message is whole.
    fn fill(&mut self, fd: i32) -> Result<bool, ()> {
        loop {
            let total = header(&self.data[..self.came]).map_or(FIRST_READ, |(head, length)| head + length);
            if self.data.len() < total {
                self.data.resize(total, 0);
            }
            let room = total - self.came;
            let n = read(fd, &mut self.data[self.came..total]);
            if n <= 0 {
                return if n < 0 && would_block() { Ok(false) } else { Err(()) };
            }
            self.came += n as usize;
            let Some((head, length)) = header(&self.data[..self.came]) else { return Ok(false) };
            if self.data[0] & 15 == 8 {
                return Err(());
            }
            if self.came >= head {
                self.unmask(head);
            }
            if self.came == head + length {
                return Ok(true);
            }
            // Less came than there was room for: nothing more is there.
            if (n as usize) < room {
                return Ok(false);
            }
        }
    }

    fn unmask(&mut self, head: usize) {
        let mut mask: [u8; 4] = self.data[head - 4..head].try_into().unwrap();
        let from = self.unmasked.max(head);
        mask.rotate_left((from - head) & 3);
        unmask(&mut self.data[from..self.came], mask);
        self.unmasked = self.came;
    }

    /// The answer's header, right before the payload.
    fn turn_round(&mut self) {
        let (head, _) = header(&self.data[..self.came.min(HEAD)]).unwrap();
        let mut own = [0; HEAD];
        own[..head - 4].copy_from_slice(&self.data[..head - 4]);
        own[1] &= 127;
        self.data[4..head].copy_from_slice(&own[..head - 4]);
        (self.from, self.written) = (4, 0);
    }

    /// Writes what may be written. True when nothing is left.
    fn flush(&mut self, fd: i32) -> Result<bool, ()> {
        let n = write(fd, &self.data[self.from + self.written..self.came]);
        if n < 0 && !would_block() {
            return Err(());
        }
        self.written += n.max(0) as usize;
        if self.from + self.written < self.came {
            return Ok(false);
        }
        (self.came, self.unmasked) = (0, 0);
        Ok(true)
    }

    /// What an event asks for; how the socket is to be watched from now on, if otherwise.
    fn turn(&mut self, fd: i32) -> Result<Option<u32>, ()> {
        if self.written > 0 || self.from > 0 {
            return match self.flush(fd)? {
                true => {
                    (self.from, self.written) = (0, 0);
                    Ok(Some(IN))
                }
                false => Ok(None),
            };
        }
        if !self.open {
            let mut request = [0; 4096];
            let n = read(fd, &mut request);
            let answer = answer(&request[..n.max(0) as usize]).ok_or(())?;
            write(fd, &answer);
            self.open = true;
            return Ok(None);
        }
        if !self.fill(fd)? {
            return Ok(None);
        }
        self.turn_round();
        if !self.flush(fd)? {
            return Ok(Some(OUT));
        }
        (self.from, self.written) = (0, 0);
        Ok(None)
    }
}

fn main() {
    let (ep, l) = listen();
    let mut ev = events();
    let mut conns: Vec<Conn> = Vec::new();
    loop {
        let n = wait(ep, &mut ev);
        for e in &ev[..n] {
            let fd = e.u64 as i32;
            if fd == l {
                while let Some(c) = accept(l) {
                    nodelay(c);
                    if conns.len() <= c as usize {
                        conns.resize_with(c as usize + 1, Conn::default);
                    }
                    conns[c as usize] = Conn::default();
                    ctl(ep, libc::EPOLL_CTL_ADD, c, IN);
                }
                continue;
            }
            match conns[fd as usize].turn(fd) {
                Ok(Some(events)) => ctl(ep, libc::EPOLL_CTL_MOD, fd, events),
                Ok(None) => {}
                Err(()) => close(fd),
            }
        }
    }
}
