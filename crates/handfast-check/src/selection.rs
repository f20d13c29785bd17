//! Which rules a run judges.

/// Rules by their ids: all, or only some, and without others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) only: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

impl Selection {
    /// Whether the run judges this rule.
    pub(crate) fn takes(&self, id: &str) -> bool {
        let one_of = |entries: &[String]| entries.iter().any(|entry| selects(entry, id));
        (self.only.is_empty() || one_of(&self.only)) && !one_of(&self.exclude)
    }
}

/// Whether a selection takes this rule: its id, the beginning of ids up to a `-` or `/`, or a text with `*` at its end.
pub fn selects(entry: &str, id: &str) -> bool {
    let stem = entry.strip_suffix('*').unwrap_or(entry);
    id == entry
        || entry.ends_with('*') && id.starts_with(stem)
        || id
            .strip_prefix(stem)
            .is_some_and(|rest| stem.ends_with(['/', '-']) || rest.starts_with(['/', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_takes_ids_prefixes_and_stars() {
        for entry in ["server/key-length", "server/key", "server/", "server/key*", "server"] {
            assert!(selects(entry, "server/key-length"), "{entry}");
        }
        for entry in ["server/ke", "client/", "server/key-len"] {
            assert!(!selects(entry, "server/key-length"), "{entry}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_judged_although_it_is_chosen() {
        let only = vec!["server/key".to_owned()];
        let selection = Selection { only, exclude: vec!["server/key-length".to_owned()] };
        assert!(selection.takes("server/key-missing"));
        assert!(!selection.takes("server/key-length") && !selection.takes("server/host-missing"));
        assert!(Selection::default().takes("server/host-missing"));
    }
}
