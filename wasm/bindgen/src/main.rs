//! `storagerent-bindgen IN.wasm OUT_DIR`: the JavaScript side of a module, for `<script type="module">`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, folder] = words.as_slice() else {
        eprintln!("usage: storagerent-bindgen IN.wasm OUT_DIR");
        return ExitCode::from(2);
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.remove_name_section(true).remove_producers_section(true);
    let made = bindgen.input_path(input).web(true).and_then(|b| b.typescript(true).generate(folder));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
