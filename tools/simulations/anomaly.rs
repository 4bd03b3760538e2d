//! How often `anomaly` is wrong: plays seeded noise of several kinds through the gate's own statistics
//! and prints the table of `docs/gate.md`. `npm run simulate:anomaly`; the same seeds give the same
//! table on every machine.

#[path = "../../tests/fixtures/gate/noise.rs"]
mod noise;

fn main() {
    print!("{}", noise::table(1000));
}
