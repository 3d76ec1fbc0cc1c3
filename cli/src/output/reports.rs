//! What people see of running a site: what a pass did, how things are, consumers, dead letters, what verifying found.

use storagerent::sqlite::DbInfo;
use storagerent::words::action as action_word;
use storagerent::{
    ConsumerStatus, DeadLetter, DeadSubject, Lang, RanDue, ReservationStatus, Settings, Status, Ticked, Verified,
};

use super::field::{Field, Fields, Shown, Tone};
use super::{Listed, words};

impl Shown for Ticked {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        ticked(Fields::new(lang), *self).done()
    }
}

fn ticked(fields: Fields, ticked: Ticked) -> Fields {
    fields
        .number("holds expired", "만료된 가예약", ticked.expired)
        .number("rentals started", "시작된 대여", ticked.started)
        .number("rentals ended", "끝난 대여", ticked.ended)
}

impl Shown for RanDue {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        ticked(Fields::new(lang), self.ticked)
            .number("charges asked about", "확인한 결제", self.settled.asked)
            .number("effects done", "처리한 효과", self.effects.done)
            .number("effects failed", "실패한 효과", self.effects.failed)
            .number("events consumed", "소비한 이벤트", self.consumed)
            .maybe("next due", "다음 예정", self.next_at.map(words::moment))
            .done()
    }
}

impl Shown for Settings {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        // People set them by these very names.
        let mut fields = Fields::new(lang);
        for (key, value) in self.entries() {
            fields = fields.text(key, key, value);
        }
        fields.done()
    }
}

impl Shown for Status {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let breaker = words::breaker(self.breaker, lang);
        let of_status = |status: ReservationStatus| {
            let n = self.counts.reservations.get(status.as_str()).copied().unwrap_or(0);
            (n > 0).then(|| format!("{} {n}", words::reservation(status, lang).0))
        };
        let reservations = ReservationStatus::ALL.into_iter().filter_map(of_status).collect::<Vec<_>>().join(", ");
        let behind = |c: &ConsumerStatus| {
            let paused = if c.row.paused { lang.pick(" (paused)", " (멈춤)") } else { "" };
            format!("{} {}{paused}", c.row.name, c.behind)
        };
        let counts = &self.counts;
        Fields::new(lang)
            .text("now", "현재 시각", words::moment(self.now))
            .text("today", "오늘", format!("{} ({})", self.today, self.zone))
            .number("storages", "창고", counts.storages)
            .text("reservations", "예약", if reservations.is_empty() { "-".to_owned() } else { reservations })
            .number("reviews", "후기", counts.reviews)
            .number("messages", "메시지", counts.messages)
            .number("events", "이벤트", self.events)
            .text("events behind", "밀린 이벤트", self.consumers.iter().map(behind).collect::<Vec<_>>().join(", "))
            .number("open effects", "처리할 효과", counts.effects_open)
            .number("dead letters", "데드레터", counts.dead_letters)
            .toned(if counts.dead_letters > 0 { Tone::Bad } else { Tone::Plain })
            .status("breaker", "회로 차단기", breaker)
            .maybe("next due", "다음 예정", self.next_at.map(words::moment))
            .done()
    }
}

impl Shown for Verified {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let result = if self.ok {
            (lang.pick("everything is as the log says", "모든 것이 로그와 일치합니다"), Tone::Good)
        } else {
            (lang.pick("something is not as it should be", "올바르지 않은 것이 있습니다"), Tone::Bad)
        };
        let mut fields = Fields::new(lang)
            .status("result", "결과", result)
            .number("events", "이벤트", self.events)
            .number("rows", "행", self.rows);
        for finding in &self.findings {
            let told = format!("[{}] {}: {}", finding.check, finding.subject, finding.detail);
            for line in told.lines() {
                fields = fields.text("finding", "발견", line).toned(Tone::Bad);
            }
        }
        fields.done()
    }
}

impl Shown for DbInfo {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        Fields::new(lang)
            .text("file", "파일", &self.path)
            .number("size", "크기", words::bytes(self.file_bytes))
            .number("events", "이벤트", self.events)
            .number("schema version", "스키마 버전", self.schema_version)
            .text("journal mode", "저널 방식", &self.journal_mode)
            .number("page size", "페이지 크기", words::bytes(self.page_size))
            .text("SQLite", "SQLite", &self.sqlite_version)
            .done()
    }
}

impl Shown for ConsumerStatus {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let row = &self.row;
        let state = match (row.paused, row.retry_at) {
            (true, _) => (lang.pick("paused", "멈춤"), Tone::Waiting),
            (false, Some(_)) => (lang.pick("waiting", "대기"), Tone::Bad),
            (false, None) => (lang.pick("running", "실행"), Tone::Good),
        };
        Fields::new(lang)
            .text("consumer", "소비자", &row.name)
            .status("state", "상태", state)
            .number("cursor", "커서", row.cursor)
            .number("behind", "밀린 이벤트", self.behind)
            .number("attempts", "시도", row.attempts)
            .folds()
            .maybe("retry at", "재시도", row.retry_at.map(words::moment))
            .folds()
            .free("last error", "마지막 오류", row.last_error.as_deref().unwrap_or("-"))
            .done()
    }
}

impl Listed for ConsumerStatus {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick("no consumers", "소비자가 없습니다")
    }
}

impl Shown for DeadLetter {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let about = match &self.subject {
            DeadSubject::Event { consumer, sequence, key } => lang.pick(
                format!("{consumer}: event {sequence} of {key}"),
                format!("{consumer}: 이벤트 {sequence} ({key})"),
            ),
            DeadSubject::Effect { effect_id, action } => {
                format!("{}: {} {effect_id}", action_word(action, lang), lang.pick("effect", "효과"))
            }
        };
        let resolution = self.resolution.as_deref().map(|how| match how {
            "retried" => lang.pick("retried", "다시 시도함"),
            other => other,
        });
        Fields::new(lang)
            .number("dead letter", "데드레터", self.dead_letter_id)
            .headed("id", "번호")
            .free("about", "대상", about)
            .free("reason", "이유", &self.reason)
            .text("parked at", "보관 시각", words::moment(self.parked_at))
            .folds()
            .maybe("closed at", "종료 시각", self.closed_at.map(words::moment))
            .alone_only()
            .maybe("resolution", "처리", resolution)
            .alone_only()
            .done()
    }
}

impl Listed for DeadLetter {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick("no dead letters", "데드레터가 없습니다")
    }
}
