//! A request of HTTP/2 as fields, and one exchange with it.

use super::blocks::Field;
use super::session::{Seen, Session};
use crate::target::Target;

/// The correct extended CONNECT, BASE2 of the catalogue, with further fields; those that it has already are replaced.
pub(crate) fn base(target: &Target, path: &str, headers: &[(String, String)]) -> Vec<Field> {
    let mut fields: Vec<Field> = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", if target.secure { "https" } else { "http" }),
        (":path", path),
        (":authority", target.authority().as_str()),
        ("sec-websocket-version", "13"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name == "host" {
            fields = set(fields, ":authority", value);
        } else {
            fields.retain(|(other, _)| *other != name);
            fields.push((name, value.clone()));
        }
    }
    fields
}

/// The fields with another value for this name.
pub(crate) fn set(mut fields: Vec<Field>, name: &str, value: &str) -> Vec<Field> {
    for field in fields.iter_mut().filter(|(other, _)| other == name) {
        value.clone_into(&mut field.1);
    }
    fields
}

/// The fields without this name.
pub(crate) fn without(mut fields: Vec<Field>, name: &str) -> Vec<Field> {
    fields.retain(|(other, _)| other != name);
    fields
}

/// The fields with one more at the end.
pub(crate) fn add(mut fields: Vec<Field>, name: &str, value: &str) -> Vec<Field> {
    fields.push((name.to_owned(), value.to_owned()));
    fields
}

/// One request on a connection.
pub(crate) struct Exchange {
    pub(crate) session: Session,
    pub(crate) stream: u32,
    pub(crate) fields: Vec<Field>,
}

impl Exchange {
    /// What came on its stream.
    pub(crate) fn seen(&self) -> Seen {
        self.session.seen(self.stream)
    }

    /// The fields as lines, for the report.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>().into_bytes()
    }

    /// What came, in words.
    pub(crate) fn words(&self) -> String {
        self.session.words(self.stream)
    }
}
