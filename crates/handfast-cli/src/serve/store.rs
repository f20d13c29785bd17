//! What the server remembers for a page, by a random name that only the page knows.

use super::limits::{ENTRIES_MAX, KEPT_FOR};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Things by name. Holds at most [`ENTRIES_MAX`], each for [`KEPT_FOR`] at most. Shared by all threads.
#[derive(Debug)]
pub struct Store<T> {
    entries: Mutex<VecDeque<(Instant, String, T)>>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { entries: Mutex::default() }
    }
}

impl<T: Clone> Store<T> {
    /// What has this name; made now if nothing has. The oldest entry makes room for it.
    pub fn get_or_put(&self, now: Instant, name: &str, make: impl FnOnce() -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut entries, now);
        if let Some((_, _, known)) = entries.iter().find(|(_, known, _)| known == name) {
            return known.clone();
        }
        if entries.len() == ENTRIES_MAX {
            entries.pop_front();
        }
        let made = make();
        entries.push_back((now, name.to_owned(), made.clone()));
        made
    }

    /// Remembers it; a name that is taken keeps what it has. Whether the name was free.
    pub fn put(&self, now: Instant, name: &str, value: T) -> bool {
        let mut is_new = false;
        self.get_or_put(now, name, || {
            is_new = true;
            value
        });
        is_new
    }

    /// What has this name, if it is still kept.
    pub fn get(&self, now: Instant, name: &str) -> Option<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut entries, now);
        entries.iter().find(|(_, known, _)| known == name).map(|(_, _, value)| value.clone())
    }
}

fn expire<T>(entries: &mut VecDeque<(Instant, String, T)>, now: Instant) {
    while entries.front().is_some_and(|(since, _, _)| now.saturating_duration_since(*since) > KEPT_FOR) {
        entries.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_oldest_entry_makes_room_for_the_65th() {
        let (store, now) = (Store::default(), Instant::now());
        for place in 0..=ENTRIES_MAX {
            assert!(store.put(now, &place.to_string(), place));
        }
        assert_eq!(store.get(now, "0"), None);
        assert!(store.get(now, "1").is_some() && store.get(now, "64").is_some());
    }

    #[test]
    fn an_entry_is_gone_when_its_time_is_over() {
        let (store, now) = (Store::default(), Instant::now());
        store.put(now, "a", ());
        assert!(store.get(now + KEPT_FOR, "a").is_some());
        assert_eq!(store.get(now + KEPT_FOR + Duration::from_millis(1), "a"), None);
    }

    #[test]
    fn a_second_entry_of_the_same_name_does_not_replace_the_first() {
        let (store, now) = (Store::default(), Instant::now());
        assert!(store.put(now, "a", "first"));
        assert!(!store.put(now, "a", "second"));
        assert_eq!(store.get(now, "a"), Some("first"));
    }
}
