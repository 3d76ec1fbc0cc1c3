//! Short sessions, word for word: a changed page is a changed interface. `TRYCMD=overwrite` writes them anew.

#[test]
fn sessions_read_as_written() {
    for lang in ["en", "ko"] {
        let folder = tempfile::tempdir().unwrap();
        trycmd::TestCases::new()
            .env("STORAGERENT_DB", folder.path().join("rent.db").to_str().unwrap())
            .env("STORAGERENT_PAYMENT", "approve")
            .env("LC_ALL", if lang == "ko" { "ko_KR.UTF-8" } else { "C.UTF-8" })
            .env("COLUMNS", "")
            .case(format!("tests/cmd/session-{lang}.md"));
    }
}
