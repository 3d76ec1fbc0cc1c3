//! `engine_lines FILE`: the page's engine, natively: one request per line of stdin, one answer per line of stdout. For the parity
//! test in `tests/browser`.

use std::io::{BufRead, Write};
use std::path::Path;

use storagerent_wasm::Engine;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: engine_lines FILE")?;
    let mut engine = Engine::open(Path::new(&path), "simulated").map_err(|refused| refused.0.message.en)?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        // What JSON answers or refuses is a line; so the two are told apart by a first letter.
        match engine.ask(&line?) {
            Ok(answer) => writeln!(out, "a{answer}")?,
            Err(refused) => writeln!(out, "r{}", serde_json::to_string(&refused.0)?)?,
        }
        out.flush()?;
    }
    Ok(())
}
