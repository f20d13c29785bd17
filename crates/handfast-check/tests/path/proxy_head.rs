//! The proxy's reader of heads: strict, or so lax that everything passes.

/// A head, first line and fields.
#[derive(Clone, Debug)]
pub struct Head {
    pub first: String,
    pub fields: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    pub length: usize,
}

/// What bytes are.
#[derive(Clone, Debug)]
pub enum Read {
    Partial,
    Whole(Head),
    Wrong,
}

/// Reads a head; a lax reader refuses nothing.
pub fn read(bytes: &[u8], lax: bool) -> Read {
    if !lax && bytes.first().is_some_and(|byte| !byte.is_ascii_alphabetic()) {
        return Read::Wrong;
    }
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Read::Partial };
    let text: String = bytes[..end].iter().map(|byte| char::from(*byte)).collect();
    if !lax && text.replace("\r\n", "").contains(['\r', '\n', '\0']) {
        return Read::Wrong;
    }
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let is_answer = first.starts_with("HTTP/1.1 ");
    if !lax && !is_answer && !first.ends_with(" HTTP/1.1") && !first.ends_with(" HTTP/1.0") {
        return Read::Wrong;
    }
    let mut fields = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if !lax && (name.is_empty() || name.contains([' ', '\t']) || !line.contains(':')) {
            return Read::Wrong;
        }
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
    Read::Whole(Head { first, fields, bytes: bytes[..end + 4].to_vec(), length: end + 4 })
}

impl Head {
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    pub fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count()
    }

    pub fn first_of(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.as_str())
    }

    pub fn members(&self, name: &str) -> Vec<String> {
        let fields = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        fields
            .flat_map(|(_, value)| value.split(','))
            .map(|member| member.trim().to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    pub fn lists(&self, name: &str, member: &str) -> bool {
        self.members(name).iter().any(|other| other == member)
    }
}
