//! Replays the inputs that fuzzing kept: each is a way through the code that was once new.

mod fuzz_targets;

use std::path::Path;

#[test]
fn every_kept_input_of_every_target_keeps_the_invariants() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in fuzz_targets::TARGETS {
        let folder = corpora.join(name);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(!files.is_empty(), "{} holds inputs", folder.display());
        files.sort();
        for file in files {
            let input = std::fs::read(&file).unwrap();
            let kept = std::panic::catch_unwind(|| target(&input));
            assert!(kept.is_ok(), "{} breaks an invariant", file.display());
        }
        target(b"");
    }
}
