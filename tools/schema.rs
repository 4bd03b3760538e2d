//! Prints the JSON Schema of `unentropy.json`:
//! `cargo run --example schema > unentropy.schema.json`.

fn main() {
    print!("{}", unentropy::config::schema());
}
