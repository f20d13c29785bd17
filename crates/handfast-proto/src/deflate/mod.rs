//! permessage-deflate (RFC 7692): negotiation, compression, and inflation that a peer cannot abuse.
//!
//! | file | holds |
//! | --- | --- |
//! | `params` | the four parameters: offered, answered and checked |
//! | `compress` | messages going out |
//! | `inflate` | messages coming in, under limits |
//! | `state` | what one connection carries over from message to message |

mod compress;
mod inflate;
mod params;
mod state;

pub use params::{Agreed, DeflateOptions, ParameterFault, Parameters};

pub(crate) use compress::Compressor;
pub(crate) use inflate::{InflateLimits, Inflater};
pub(crate) use state::DeflateState;

/// The name of the extension.
pub const NAME: &str = "permessage-deflate";

/// What every compressed message ends with before it is cut off, and what is put back before inflating
/// (RFC 7692 sections 7.2.1 and 7.2.2).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
