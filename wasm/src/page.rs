//! The engine in a worker: files in the origin's private file system, or in memory.

use std::path::Path;

use sqlite_wasm_vfs::sahpool::{OpfsSAHPoolCfgBuilder, install};
use wasm_bindgen::prelude::*;

use crate::Refused;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn log_error(text: &str);
}

#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| log_error(&info.to_string())));
}

/// Keeps files in that folder of the origin's private file system from now on; without it they are in memory. Fails where there
/// is no such file system, and while another worker holds the folder.
#[wasm_bindgen(js_name = keepIn)]
pub async fn keep_in(folder: String) -> Result<(), JsValue> {
    let place = OpfsSAHPoolCfgBuilder::new().directory(&folder).build();
    install::<sqlite_wasm_rs::WasmOsCallback>(&place, true)
        .await
        .map(drop)
        .map_err(|e| JsValue::from_str(&e.to_string()))
}

/// An engine over one file. Refusals are thrown as JSON text.
#[wasm_bindgen]
pub struct Engine(crate::Engine);

#[wasm_bindgen]
impl Engine {
    /// Opens the site of that name.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, gateway: &str) -> Result<Engine, String> {
        crate::Engine::open(Path::new(name), gateway).map(Engine).map_err(|e| text(&e))
    }

    /// Answers one request, both as JSON text.
    pub fn ask(&mut self, request: &str) -> Result<String, String> {
        self.0.ask(request).map_err(|e| text(&e))
    }

    /// The whole site as the bytes of one file.
    pub fn download(&self) -> Result<Vec<u8>, String> {
        self.0.download().map_err(|e| text(&e))
    }

    /// Replaces the site by another file's bytes.
    pub fn upload(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.upload(bytes).map_err(|e| text(&e))
    }
}

fn text(refused: &Refused) -> String {
    serde_json::to_string(&refused.0).unwrap_or_default()
}
