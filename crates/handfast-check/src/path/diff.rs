//! What differs between the head that one end sent and the head that the other end got.

use crate::escape::escape;
use crate::report::Change;
use crate::wire::head::Head;

/// The differences: of what was sent, in its order, then what was added, then names in another case.
pub(crate) fn diff(direction: &'static str, sent: &Head, came: &Head) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut note = |change, field: &str, sent: Option<String>, came: Option<String>| {
        changes.push(Change { direction, change, field: escape(field.as_bytes(), 80), sent, arrived: came });
    };
    if sent.first_line != came.first_line {
        note("changed", "the first line", Some(sent.line()), Some(came.line()));
    }
    let mut seen: Vec<String> = Vec::new();
    for field in &sent.fields {
        let name = field.name.to_ascii_lowercase();
        if seen.contains(&name) {
            continue;
        }
        let (before, after) = (values(sent, &name), values(came, &name));
        let (one, two) = (Some(shown(&before)), Some(shown(&after)));
        if after.is_empty() {
            note("removed", &field.name, one, None);
        } else if before != after {
            let joined = before.len() > after.len() && before.join(", ") == after.join(", ");
            note(if joined { "joined" } else { "changed" }, &field.name, one, two);
        }
        if let Some(other) = came.fields.iter().find(|other| other.name.eq_ignore_ascii_case(&name))
            && other.name != field.name
        {
            note("re-cased", &field.name, None, Some(escape(other.name.as_bytes(), 80)));
        }
        seen.push(name);
    }
    for field in &came.fields {
        let name = field.name.to_ascii_lowercase();
        if !seen.contains(&name) {
            note("added", &field.name, None, Some(shown(&values(came, &name))));
            seen.push(name);
        }
    }
    together(direction, changes)
}

/// Many names in another case are one change.
fn together(direction: &'static str, changes: Vec<Change>) -> Vec<Change> {
    let (cased, mut others): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.change == "re-cased");
    if cased.len() < 3 {
        others.extend(cased);
        return others;
    }
    let names: Vec<&str> = cased.iter().filter_map(|change| change.arrived.as_deref()).collect();
    let lower = names.iter().all(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase()));
    others.push(Change {
        direction,
        change: "re-cased",
        field: format!("{} names", names.len()),
        sent: None,
        arrived: Some(if lower { "lower case".to_owned() } else { names.join(", ") }),
    });
    others
}

fn values<'a>(head: &'a Head, name: &'a str) -> Vec<&'a str> {
    head.all(name).collect()
}

fn shown(values: &[&str]) -> String {
    escape(values.join(" | ").as_bytes(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::head::{Parsed, head};

    fn read(text: &str) -> Head {
        match head(text.as_bytes()) {
            Parsed::Complete(head) => head,
            Parsed::Partial => panic!("a whole head was wanted"),
        }
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let sent = read("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nTwo: x\r\nTwo: y\r\nCase: z\r\nSame: s\r\n\r\n");
        let came = read("GET / HTTP/1.0\r\nB: 3\r\nTwo: x, y\r\ncase: z\r\nSame: s\r\nNew: n\r\n\r\n");
        let all: Vec<String> =
            diff("request", &sent, &came).iter().map(|one| format!("{} {}", one.change, one.field)).collect();
        assert_eq!(
            all,
            ["changed the first line", "removed A", "changed B", "joined Two", "added New", "re-cased Case"]
        );
        let came = read("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\ntwo: x\r\ntwo: y\r\ncase: z\r\nSame: s\r\n\r\n");
        let all = diff("request", &sent, &came);
        assert_eq!((all.len(), all[0].field.as_str()), (1, "4 names"));
        assert!(diff("request", &sent, &sent).is_empty());
    }
}
