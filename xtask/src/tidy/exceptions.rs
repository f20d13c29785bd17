//! `rules/exceptions.toml`: rules that must or should be kept and are not, or not yet, with the reason.

use toml::{Table, Value};

use crate::catalogue::EXCEPTIONS;
use crate::{Outcome, paths};

/// One rule that is let off.
pub struct Exception {
    pub id: String,
    pub reason: String,
}

/// All exceptions; a malformed file is an error.
pub fn load() -> Outcome<Vec<Exception>> {
    let path = paths::at("rules").join(EXCEPTIONS);
    read(&paths::read(&path)?).map_err(|error| format!("rules/{EXCEPTIONS}: {error}"))
}

fn read(text: &str) -> Outcome<Vec<Exception>> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    if let Some(key) = table.keys().find(|key| *key != "exception") {
        return Err(format!("unknown key {key}"));
    }
    let Some(list) = table.get("exception") else { return Ok(Vec::new()) };
    let records = list.as_array().ok_or("exception is not a list of tables")?;
    records.iter().map(one).collect()
}

fn one(record: &Value) -> Outcome<Exception> {
    let record = record.as_table().ok_or("an exception is not a table")?;
    if let Some(key) = record.keys().find(|key| !matches!(key.as_str(), "id" | "reason")) {
        return Err(format!("unknown key {key}"));
    }
    let text = |key: &str| match record.get(key).and_then(Value::as_str).map(str::trim) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("an exception has no {key}")),
    };
    Ok(Exception { id: text("id")?, reason: text("reason")? })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_exception_has_an_id_and_a_reason() {
        let good = "[[exception]]\nid = \"server/a\"\nreason = \"b\"\n";
        assert_eq!(read(good).map(|list| list.len()), Ok(1));
        assert_eq!(read("").map(|list| list.len()), Ok(0));
        for bad in [
            "[[exception]]\nid = \"a\"",
            "[[exception]]\nid = \"a\"\nreason = \" \"",
            "a = 1",
            "exception = 1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
