//! Whole outputs of the program, as they stand in `tests/cmd`. `TRYCMD=overwrite cargo test -p handfast-cli` writes them anew.

#[test]
fn the_program_says_what_the_snapshots_say() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
