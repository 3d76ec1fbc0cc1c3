//! The words of failures, in both languages. The engine's own refusals bring theirs along.

use storagerent::{Lang, explain};

use super::Failure;

impl Failure {
    /// What happened and why, and what to do.
    pub(super) fn words(&self, lang: Lang) -> (String, Option<String>) {
        let say = |message: String, en: &str, ko: &str| (message, Some(lang.pick(en, ko).to_owned()));
        match self {
            Failure::Engine(error) => {
                let told = explain(error, lang);
                (told.message, Some(told.hint))
            }
            Failure::Usage { message, hint } => (message.clone(), hint.clone()),
            Failure::ImportRefused { refused, skips } => {
                let n = refused.len();
                let en =
                    format!("{n} {} refused; nothing was imported", if n == 1 { "line was" } else { "lines were" });
                let message = lang.pick(en, format!("{n}개 줄이 잘못되어 아무것도 가져오지 않았습니다"));
                match skips {
                    true => say(
                        message,
                        "correct the file, or let --skip-bad leave those lines out",
                        "파일을 고치거나 --skip-bad로 잘못된 줄을 건너뛰세요",
                    ),
                    false => say(
                        message,
                        "correct that line: without it the others cannot be read",
                        "그 줄을 고치세요. 그 줄 없이는 다른 줄을 읽을 수 없습니다",
                    ),
                }
            }
            Failure::File { path, source } => {
                let path = path.display();
                let message = lang.pick(format!("{path}: {source}"), format!("{path} 파일 오류: {source}"));
                say(message, "check the path and its permissions", "경로와 권한을 확인하세요")
            }
            Failure::FileExists { path } => {
                let path = path.display();
                let message = lang.pick(
                    format!("{path} exists already; it is left as it is"),
                    format!("{path} 파일이 이미 있어 그대로 두었습니다"),
                );
                say(message, "name a file that does not exist", "없는 파일 이름을 주세요")
            }
            Failure::BackupFound { path, findings, first } => {
                let path = path.display();
                let message = lang.pick(
                    format!("{path} is not as its own log says, nothing was changed; found: {findings}, the first: {first}"),
                    format!("{path} 백업이 자체 로그와 맞지 않아 아무것도 바꾸지 않았습니다. 발견 {findings}건, 첫째: {first}"),
                );
                say(
                    message,
                    "restore an older backup; for all that was found, `verify` a copy of this one",
                    "더 오래된 백업을 복원하세요. 발견된 것을 모두 보려면 이 백업의 사본에 verify를 실행하세요",
                )
            }
            Failure::FileInUse { path } => {
                let path = path.display();
                let message = lang.pick(
                    format!("{path} is in use by another process; nothing was changed"),
                    format!("{path} 파일을 다른 프로세스가 쓰고 있어 아무것도 바꾸지 않았습니다"),
                );
                say(
                    message,
                    "stop everything that uses the file, then try again",
                    "이 파일을 쓰는 프로그램을 모두 끝낸 뒤 다시 시도하세요",
                )
            }
            Failure::NoPage => say(
                lang.pick(
                    "this storagerent was built without the page",
                    "이 storagerent에는 페이지가 들어 있지 않습니다",
                )
                .to_owned(),
                "build it first, then storagerent again as you built or installed this one: wasm/build.sh, \
                 cargo build --release -p storagerent-cli or cargo install --path cli",
                "먼저 페이지를 만든 뒤 이 프로그램을 만든 방법대로 다시 만드세요: wasm/build.sh, \
                 cargo build --release -p storagerent-cli 또는 cargo install --path cli",
            ),
            Failure::Port { port, source } => say(
                lang.pick(
                    format!("port {port} cannot be listened on: {source}"),
                    format!("포트 {port}번을 쓸 수 없습니다: {source}"),
                ),
                "name another: --port N; 0 takes any that is free",
                "다른 포트를 주세요: --port N (0이면 빈 포트)",
            ),
            Failure::Listen { address, source } => say(
                lang.pick(
                    format!("{address} cannot be listened on: {source}"),
                    format!("{address} 주소를 쓸 수 없습니다: {source}"),
                ),
                "name another: --listen 127.0.0.1:8081; port 0 takes any that is free",
                "다른 주소를 주세요: --listen 127.0.0.1:8081 (포트 0이면 빈 포트)",
            ),
            Failure::Token(error) => say(
                lang.pick(error.to_string(), error.in_korean()),
                "`serve` is given the public key in PEM and `token` the private one, or both one secret, on one line: \
                 openssl rand -base64 48 > dev.key",
                "serve에는 PEM 형식의 공개 키를, token에는 개인 키를 주거나, 둘 다 한 줄로 된 같은 비밀값을 주세요: \
                 openssl rand -base64 48 > dev.key",
            ),
            Failure::Remote(error) => say(
                lang.pick(error.to_string(), format!("설정을 쓸 수 없습니다: {error}")),
                "correct the address, the secret or its file, and try again",
                "주소, 비밀값 또는 그 파일을 고쳐 다시 시도하세요",
            ),
            Failure::NoDataFolder => say(
                lang.pick(
                    "there is no data folder to keep a site in: HOME is not set",
                    "데이터 폴더가 없습니다: HOME이 설정되지 않았습니다",
                )
                .to_owned(),
                "name a file: --db FILE, or STORAGERENT_DB",
                "--db FILE 또는 STORAGERENT_DB로 파일을 지정하세요",
            ),
            Failure::Stdout(error) => say(
                lang.pick(format!("stdout cannot be written: {error}"), format!("표준 출력에 쓸 수 없습니다: {error}")),
                "what was asked for is done; look at it again with show or list",
                "요청한 일은 처리되었습니다. show나 list로 다시 확인하세요",
            ),
            Failure::Closed => ("stdout was closed".to_owned(), None),
            Failure::Found => say(
                lang.pick("something is not as it should be", "올바르지 않은 것이 있습니다").to_owned(),
                "keep a copy of the file, and restore a backup: `db restore FILE`; the view alone is made anew by `consumer replay view`",
                "파일을 따로 보관하고 백업에서 복원하세요: db restore FILE. 뷰만 다르면 consumer replay view로 다시 만듭니다",
            ),
        }
    }
}
