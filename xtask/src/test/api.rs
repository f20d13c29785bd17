//! Which other crates' types stand in our public API: a new major version of one of those is a new major version of ours.
//!
//! It reads what rustdoc knows, as JSON. That output is not stable: `RUSTC_BOOTSTRAP` opens it on a stable compiler, for
//! rustdoc alone, and of its form only what is named here is relied on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cargo::command;
use crate::report::{Stop, Tally, Verdict};
use crate::{Outcome, install, paths, process};

/// The libraries.
const LIBRARIES: [&str; 3] = ["handfast-proto", "handfast", "handfast-check"];

/// What every library may name: the language's own, and what all network libraries of Rust have in common.
const COMMON: [&str; 6] = ["core", "alloc", "std", "bytes", "http", "tokio"];

/// What else one of them names, and why: library, crate, reason.
const REASONS: [(&str, &str, &str); 7] = [
    ("handfast", "futures_core", "a WebSocket is a Stream, and the standard library has no such trait"),
    ("handfast", "futures_sink", "a WebSocket is a Sink, and the standard library has no such trait"),
    ("handfast", "axum_core", "the feature `axum`: an extractor and a rejection are such by axum's traits"),
    ("handfast", "tower_layer", "the feature `tower`: a layer is one by tower's trait"),
    ("handfast", "tower_service", "the feature `tower`: a service is one by tower's trait"),
    (
        "handfast",
        "http_body",
        "the feature `tower`: the layer's answers have a body of ours or of the service behind it",
    ),
    ("handfast-check", "serde_core", "reports are written and the dictionary is read by serde's traits"),
];

/// Checks each library; every crate that is named counts as a test.
pub fn run() -> Verdict {
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for library in LIBRARIES {
        let named = named(library)?;
        for (name, places) in &named {
            match allowed(library, name) {
                true => tally.passed += 1,
                false => {
                    let places: Vec<&str> = places.iter().map(String::as_str).collect();
                    faults.push(format!("{library} names {name} in its public API: {}", places.join(", ")));
                }
            }
        }
        let stale = REASONS.iter().filter(|(whose, name, _)| *whose == library && !named.contains_key(*name));
        faults
            .extend(stale.map(|(_, name, _)| format!("{library} no longer names {name}: its reason can go")));
    }
    match faults.is_empty() {
        true => Ok(tally),
        false => Err(Stop::Failed(faults.join("\n"))),
    }
}

fn allowed(library: &str, name: &str) -> bool {
    COMMON.contains(&name)
        || LIBRARIES.iter().any(|own| own.replace('-', "_") == name)
        || REASONS.iter().any(|(whose, other, _)| *whose == library && *other == name)
}

/// The crates that a library's public API names, each with the items that do.
fn named(library: &str) -> Verdict<BTreeMap<String, BTreeSet<String>>> {
    let wrapper = format!("build.rustdoc={:?}", paths::at("xtask/rustdoc-json").display().to_string());
    let arguments = ["rustdoc", "--package", library, "--lib", "--all-features", "--locked", "--config"];
    let output = ["--", "-Z", "unstable-options", "--output-format", "json"];
    let mut cargo = command(&[&arguments[..], &[&wrapper], &output].concat());
    let name = format!("api-{library}");
    process::run("cargo rustdoc", cargo.env("RUSTDOCFLAGS", ""), install::log(&name), super::cargo::LIMIT)?
        .checked(&format!("cargo rustdoc --package {library}"))?;
    let file = install::target().join("doc").join(format!("{}.json", library.replace('-', "_")));
    let text = paths::read(&file)?;
    let known: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(crates(&known)?)
}

/// The crates that items of the documented crate name, without the crate itself.
fn crates(known: &Value) -> Outcome<BTreeMap<String, BTreeSet<String>>> {
    let unknown = |what: &str| format!("rustdoc's JSON has no {what}: its form has changed");
    let index = known["index"].as_object().ok_or_else(|| unknown("index"))?;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in index.values().filter(|item| item["crate_id"] == 0) {
        let inner = &item["inner"];
        let implementation = &inner["impl"];
        // What other crates implement for all types, and what the compiler does, is none of ours.
        if implementation["is_synthetic"] == true || !implementation["blanket_impl"].is_null() {
            continue;
        }
        let mut ids = BTreeSet::new();
        names(inner, &mut ids);
        for id in ids {
            let Some(path) = known["paths"].get(&id) else { continue };
            let whole: Vec<&str> =
                path["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let name = crate_of(known, path).ok_or_else(|| unknown("name of a crate"))?;
            if path["crate_id"] != 0 {
                let place = item["name"].as_str().unwrap_or("impl");
                found.entry(name).or_default().insert(format!("{place} ({})", whole.join("::")));
            }
        }
    }
    match found.contains_key("core") || found.contains_key("std") || found.contains_key("alloc") {
        true => Ok(found),
        false => Err(unknown("mention of the standard library")),
    }
}

fn crate_of(known: &Value, path: &Value) -> Option<String> {
    let number = path["crate_id"].as_u64()?.to_string();
    match known["external_crates"].get(&number) {
        Some(external) => external["name"].as_str().map(str::to_owned),
        None => path["path"][0].as_str().map(str::to_owned),
    }
}

/// The ids of everything that is named below: a type, a trait or what is exported again has an id beside its path.
fn names(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let (Some(id), true) =
                (object.get("id"), object.contains_key("path") || object.contains_key("source"))
            {
                ids.insert(id.to_string());
            }
            object.values().for_each(|value| names(value, ids));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_another_crate_is_found_wherever_it_stands() {
        let known: Value = serde_json::from_str(
            r#"{
                "index": {
                    "1": {"crate_id": 0, "name": "open", "inner": {"function": {"sig": {"inputs": [["io",
                        {"resolved_path": {"path": "Vec", "id": 7, "args": {"angle_bracketed": {"args": [
                            {"type": {"resolved_path": {"path": "Thing", "id": 8, "args": null}}}]}}}}]]}}}},
                    "2": {"crate_id": 0, "name": null, "inner": {"impl": {"blanket_impl": {"generic": "T"},
                        "is_synthetic": false, "trait": {"path": "Other", "id": 9}}}},
                    "3": {"crate_id": 5, "name": "theirs", "inner": {"struct": {"path": "Other", "id": 9}}},
                    "4": {"crate_id": 0, "name": "again", "inner": {"use": {"source": "x::y", "id": 10}}}
                },
                "paths": {
                    "7": {"crate_id": 4, "path": ["alloc", "vec", "Vec"]},
                    "8": {"crate_id": 5, "path": ["thing", "Thing"]},
                    "9": {"crate_id": 6, "path": ["other", "Other"]},
                    "10": {"crate_id": 7, "path": ["x", "y"]}
                },
                "external_crates": {
                    "4": {"name": "alloc"}, "5": {"name": "thing"}, "6": {"name": "other"}, "7": {"name": "x"}
                }
            }"#,
        )
        .unwrap_or_default();
        let found = crates(&known).unwrap_or_default();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["alloc", "thing", "x"]);
        assert_eq!(found["thing"].iter().collect::<Vec<_>>(), ["open (thing::Thing)"]);
        assert!(crates(&Value::Null).is_err());
    }

    #[test]
    fn only_what_has_a_reason_is_allowed() {
        assert!(allowed("handfast", "http") && allowed("handfast", "handfast_proto"));
        assert!(!allowed("handfast", "serde"));
        assert!(REASONS.iter().all(|(library, _, reason)| LIBRARIES.contains(library) && !reason.is_empty()));
    }
}
