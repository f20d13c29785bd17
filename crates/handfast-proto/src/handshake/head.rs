//! The bounded, strict HTTP/1.1 head: request or status line, field lines, empty line (RFC 9112 sections 2 to 5).

/// What an incremental reader came to. "Not yet" is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Done. The first `used` bytes of the input were the head; what follows belongs to the connection.
    Complete {
        /// What was read.
        value: T,
        /// How many bytes of the input it took.
        used: usize,
    },
    /// More bytes are needed: call again with the same bytes and more behind them.
    Partial,
}

/// Iterates over the field lines of a head that was found well formed: name as it was spelled, value without outer blanks.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let _ = self.rest;
        todo!()
    }
}
