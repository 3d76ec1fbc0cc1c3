//! Puts the page into the program, if wasm/build.sh has built it: a table of paths and bytes. Without it, the table is empty.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wasm/www");
    let page = page.canonicalize().unwrap_or(page);
    println!("cargo::rerun-if-changed=build.rs");
    if page.is_dir() {
        println!("cargo::rerun-if-changed={}", page.display());
    }
    let mut files = Vec::new();
    if page.join("pkg/storagerent_wasm_bg.wasm").is_file() {
        collect(&page, &mut files);
        files.sort();
    }
    let mut table = "[\n".to_owned();
    for file in &files {
        let path = file.strip_prefix(&page).expect("it was found there").to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({path:?}, include_bytes!({file:?}) as &[u8]),").expect("a string takes all");
    }
    table.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(Path::new(&out).join("page.rs"), table).expect("the folder is there to be written");
}

/// What a browser asks for: not the types, nor what only developers need.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, files);
        } else if !name.starts_with('.') && !name.ends_with(".d.ts") && name != "tsconfig.json" {
            files.push(path.canonicalize().unwrap_or(path));
        }
    }
}
