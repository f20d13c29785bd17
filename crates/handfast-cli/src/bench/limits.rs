//! Every bound of what a tested endpoint can make `handfast bench` keep, in one table. Those of the protocol are
//! [`Limits`](handfast_proto::Limits), and hold here too.

/// Kinds of errors that are counted apart; further ones are counted together.
pub const KINDS_MAX: usize = 50;

/// Characters of an error's example that are kept, after escaping.
pub const EXAMPLE_CHARACTERS_MAX: usize = 300;
