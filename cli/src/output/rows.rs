//! What people see of the engine's rows.

use storagerent::{
    Available, Lang, MessageRow, Money, PaymentRow, Quote, ReservationRow, ReviewRow, StorageRow, StorageViewRow,
};

use super::field::{Field, Fields, Shown, Tone};
use super::{Listed, words};

fn rated(count: u64, rating: Option<storagerent::storage::Rating>) -> String {
    rating.map_or_else(|| "-".to_owned(), |rating| format!("{rating} ({count})"))
}

fn storage_fields(row: &StorageRow, lang: Lang) -> Fields {
    let withdrawn = if row.withdrawn { lang.pick("yes", "예") } else { "-" };
    let fields = Fields::new(lang)
        .number("storage", "창고", row.storage_id)
        .headed("id", "번호")
        .free("description", "설명", &row.description)
        .number("price", "가격", row.rate.price())
        .text("per", "단위", words::per(row.rate.per(), lang))
        .status("status", "상태", words::storage(row.storage_status, lang))
        .text("reviews", "후기", rated(row.review_cnt, row.rating))
        .folds()
        .text("withdrawn", "신규 중지", withdrawn)
        .folds();
    if row.withdrawn { fields.toned(Tone::Waiting) } else { fields.toned(Tone::Faint) }
}

impl Shown for StorageRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        storage_fields(self, lang).done()
    }
}

impl Listed for StorageRow {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick(
            "no storages yet: storagerent storage register --description TEXT --price AMOUNT",
            "아직 창고가 없습니다: storagerent storage register --description 설명 --price 금액",
        )
    }
}

impl Shown for Available {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let row = &self.storage;
        Fields::new(lang)
            .number("storage", "창고", row.storage_id)
            .headed("id", "번호")
            .free("description", "설명", &row.description)
            .number("price", "가격", row.rate.price())
            .folds()
            .text("per", "단위", words::per(row.rate.per(), lang))
            .folds()
            .bare()
            .text("reviews", "후기", rated(row.review_cnt, row.rating))
            .folds()
            .number("total", "합계", Money::new(self.quote, row.rate.price().currency()))
            .toned(Tone::Strong)
            .done()
    }
}

impl Listed for Available {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick("nothing is free in that period", "그 기간에 빈 창고가 없습니다")
    }
}

impl Shown for ReservationRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let booking = &self.booking;
        Fields::new(lang)
            .number("reservation", "예약", booking.reservation_id)
            .headed("id", "번호")
            .number("storage", "창고", booking.storage_id)
            .free("customer", "고객", &booking.customer)
            .text("period", "기간", words::span(&booking.period))
            .folds()
            .bare()
            .number("price", "가격", booking.price)
            .status("status", "상태", words::reservation(self.reservation_status, lang))
            .number("payment", "결제", booking.payment_id)
            .folds()
            .maybe("paid until", "결제 기간 끝", self.paid_until)
            .alone_only()
            .maybe("hold expires", "가예약 만료", self.hold_expires_at.map(words::moment))
            .alone_only()
            .text("correlation", "상관관계", self.correlation_id.as_str())
            .toned(Tone::Faint)
            .alone_only()
            .done()
    }
}

impl Listed for ReservationRow {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick(
            "no reservations yet: storagerent reserve STORAGE_ID --customer NAME",
            "아직 예약이 없습니다: storagerent reserve 창고번호 --customer 이름",
        )
    }
}

impl Shown for PaymentRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        Fields::new(lang)
            .number("payment", "결제", self.payment_id)
            .headed("id", "번호")
            .number("reservation", "예약", self.reservation_id)
            .number("storage", "창고", self.storage_id)
            .number("price", "금액", self.price)
            .status("status", "상태", words::payment(self.payment_status, lang))
            .done()
    }
}

impl Listed for PaymentRow {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick("no payments yet: the first comes with a reservation", "아직 결제가 없습니다. 예약하면 생깁니다")
    }
}

impl Shown for ReviewRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let stars = usize::from(self.rate.get()).min(5);
        Fields::new(lang)
            .number("review", "후기", self.review_id)
            .headed("id", "번호")
            .number("reservation", "예약", self.reservation_id)
            .folds()
            .number("storage", "창고", self.storage_id)
            .folds()
            .text("rating", "평점", "★".repeat(stars) + &"☆".repeat(5 - stars))
            .free("content", "내용", &self.content)
            .done()
    }
}

impl Listed for ReviewRow {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick(
            "no reviews yet: storagerent review add RESERVATION_ID --customer NAME --rating 5 --content TEXT",
            "아직 후기가 없습니다: storagerent review add 예약번호 --customer 이름 --rating 5 --content 내용",
        )
    }
}

impl Shown for MessageRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        Fields::new(lang)
            .number("message", "메시지", self.message_id)
            .headed("id", "번호")
            .text("customer", "고객", &self.customer)
            .text("about", "종류", words::event(&self.kind, lang))
            .folds()
            .bare()
            .number("reservation", "예약", self.reservation_id)
            .folds()
            .free("content", "내용", &self.content)
            .done()
    }
}

impl Listed for MessageRow {
    fn none_yet(lang: Lang) -> &'static str {
        lang.pick(
            "no messages yet: customers are told of every change",
            "아직 메시지가 없습니다. 변화가 있으면 고객에게 알립니다",
        )
    }
}

impl Shown for StorageViewRow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let none = ("-", Tone::Faint);
        Fields::new(lang)
            .number("storage", "창고", self.storage_id)
            .headed("id", "번호")
            .free("description", "설명", &self.description)
            .status("status", "상태", words::storage(self.storage_status, lang))
            .number("price", "가격", self.price)
            .maybe("reservation", "예약", self.reservation_id)
            .headed("res.", "예약")
            .right()
            .folds()
            .status("stands", "예약 상태", self.reservation_status.map_or(none, |s| words::reservation(s, lang)))
            .folds()
            .maybe("period", "기간", self.from.map(|from| words::days(from, self.until)))
            .folds()
            .bare()
            .maybe("payment", "결제", self.payment_id)
            .alone_only()
            .status("money", "결제 상태", self.payment_status.map_or(none, |s| words::payment(s, lang)))
            .folds()
            .text("reviews", "후기", rated(self.review_cnt, self.rating))
            .folds()
            .done()
    }
}

impl Listed for StorageViewRow {
    fn none_yet(lang: Lang) -> &'static str {
        StorageRow::none_yet(lang)
    }
}

impl Shown for Quote {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        let unit = Money::new(self.unit_price, self.total.currency());
        let per = words::per(self.per, lang);
        let (months, part) = (self.months.unwrap_or(0), self.part_month);
        let months = match part {
            Some(part) => format!("{months} + {}/{}", part.days, part.of),
            None => months.to_string(),
        };
        let fields = Fields::new(lang)
            .number("storage", "창고", self.storage_id)
            .text("period", "기간", words::span(&self.period))
            .text("rate", "요금", lang.pick(format!("{unit} per {per}"), format!("{per} {unit}")));
        let fields = match (self.days, self.months) {
            (Some(days), _) => fields.number("days", "일수", days),
            (None, Some(_)) => fields.number("months", "개월", months),
            (None, None) => fields,
        };
        fields
            .number("total", "합계", self.total)
            .toned(Tone::Strong)
            .maybe("paid until", "결제 기간 끝", self.paid_until)
            .done()
    }
}
