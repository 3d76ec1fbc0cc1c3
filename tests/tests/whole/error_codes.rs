//! Every code that a caller may be told has its row in docs/errors.md.

use super::layers::{root, sources};

/// The quoted texts that come next after each of these words.
fn quoted_after<'t>(text: &'t str, word: &'static str) -> impl Iterator<Item = &'t str> {
    text.split(word).skip(1).filter_map(|rest| rest.split('"').nth(1))
}

#[test]
fn the_gateways_and_the_command_lines_own_codes_are_listed() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let gateway: Vec<_> = sources("adapters/http/src").into_iter().map(|(_, text)| text).collect();
    let tells = std::fs::read_to_string(root().join("cli/src/failure/mod.rs")).unwrap();
    let by_gateway = gateway.iter().flat_map(|text| quoted_after(text, "Refusal::own("));
    let by_tool = tells.split("fn code(").nth(1).and_then(|rest| rest.split("fn ").next()).unwrap();
    let codes: Vec<_> = by_gateway.chain(quoted_after(by_tool, "=>")).collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "{code} is not in docs/errors.md");
    }
}
