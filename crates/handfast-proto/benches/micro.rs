//! Times of the protocol's parts in memory: `cargo bench -p handfast-proto --bench micro [FILTER]`.

mod work;

use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = work::NAMES)]
fn operation(bencher: Bencher<'_, '_>, name: &str) {
    bencher.bench_local(work::operation(name));
}
