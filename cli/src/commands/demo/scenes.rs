//! What each step of the story is called, why it matters, and how the same is done by hand.

use storagerent::Lang;

/// The words of a step.
pub(super) struct Scene {
    title: (&'static str, &'static str),
    why: (&'static str, &'static str),
    /// The command that does the same.
    pub(super) by_hand: &'static str,
}

impl Scene {
    pub(super) fn title(&self, lang: Lang) -> &'static str {
        lang.pick(self.title.0, self.title.1)
    }

    pub(super) fn why(&self, lang: Lang) -> &'static str {
        lang.pick(self.why.0, self.why.1)
    }
}

pub(super) const OPENING: Scene = Scene {
    title: ("A site of 1,000 storages", "창고 1,000개로 문을 엽니다"),
    why: (
        "One transaction: an event for each storage, under one correlation id.",
        "한 트랜잭션으로, 상관관계 ID 하나 아래 창고마다 이벤트 하나씩.",
    ),
    by_hand: "storage import FILE.csv",
};

pub(super) const KIM_RESERVES: Scene = Scene {
    title: ("Kim reserves, and pays in the same step", "김씨가 예약하고 바로 결제합니다"),
    why: ("No reservation stands that is not paid for.", "결제되지 않은 예약은 성립하지 않습니다."),
    by_hand: "reserve 1 --customer kim",
};

pub(super) const LEE_IS_REFUSED: Scene = Scene {
    title: ("Lee wants the same storage", "이씨가 같은 창고를 원합니다"),
    why: (
        "No storage is rented twice for the same day. A refusal leaves nothing behind.",
        "같은 날 두 번 빌려주지 않습니다. 거절은 아무것도 남기지 않습니다.",
    ),
    by_hand: "reserve 1 --customer lee",
};

pub(super) const PARK_BOOKS: Scene = Scene {
    title: ("Park books ahead, to the day", "박씨는 날짜를 정해 미리 예약합니다"),
    why: (
        "Priced by the month, a part month pro rata; booked at the price quoted.",
        "월 단위 요금에 남는 날은 일할 계산. 견적받은 그 가격으로 예약합니다.",
    ),
    by_hand: "reserve 25 --customer park --from DATE --until DATE --price QUOTED",
};

pub(super) const DECLINED: Scene = Scene {
    title: ("A declined card", "카드가 거절됩니다"),
    why: (
        "Declined is declined: no hold is left, and the storage is free for the next.",
        "거절되면 가예약도 남지 않고, 창고는 다음 사람에게 비어 있습니다.",
    ),
    by_hand: "--payment decline reserve 2 --customer han",
};

pub(super) const DOWN: Scene = Scene {
    title: ("The payment service is down", "결제 서비스가 멈췄습니다"),
    why: (
        "After failures in a row the circuit breaker opens; later one probe decides.",
        "연속으로 실패하면 회로 차단기가 열리고, 잠시 뒤 한 번만 시험해 봅니다.",
    ),
    by_hand: "--payment down reserve 3 --customer jung",
};

pub(super) const LOST_REPLY: Scene = Scene {
    title: ("A reply is lost on the way", "결제 응답이 사라집니다"),
    why: (
        "Unknown is neither yes nor no: the hold stands until settle has asked.",
        "모르는 것은 성공도 실패도 아닙니다. settle이 물어볼 때까지 가예약이 유지됩니다.",
    ),
    by_hand: "--payment lost-reply reserve 4 --customer yoon; storagerent settle",
};

pub(super) const MESSAGES_PAUSED: Scene = Scene {
    title: ("Messages are down for a while", "메시지가 잠시 멈춥니다"),
    why: (
        "Reservations go on. What was missed is told afterwards, in order, once.",
        "예약은 계속됩니다. 놓친 알림은 나중에 순서대로 한 번씩 보냅니다.",
    ),
    by_hand: "consumer pause message",
};

pub(super) const KIM_CANCELS: Scene = Scene {
    title: ("Kim cancels", "김씨가 취소합니다"),
    why: (
        "Accepted at once; refunded once; and only then are the days free again.",
        "바로 접수하고, 환불은 한 번만 하며, 환불된 뒤에 날짜가 비워집니다.",
    ),
    by_hand: "cancel 1 --customer kim",
};

pub(super) const REVIEWS: Scene = Scene {
    title: ("A review, and refused ones", "후기, 그리고 거절되는 후기"),
    why: (
        "By the customer who rented it, from the first day on, once.",
        "빌린 고객만, 첫날부터, 한 번만 쓸 수 있습니다.",
    ),
    by_hand: "review add 10 --customer jung --rating 5 --content TEXT",
};

pub(super) const DAYS_GO_BY: Scene = Scene {
    title: ("Days go by", "날이 지나갑니다"),
    why: (
        "The clock alone starts and ends rentals; whoever is next moves in.",
        "시간이 대여를 시작하고 끝냅니다. 다음 사람이 이어서 들어옵니다.",
    ),
    by_hand: "run-due",
};

pub(super) const BOARD: Scene = Scene {
    title: ("The board", "한눈에 보기"),
    why: (
        "The storages of this story on the one screen, kept by events alone.",
        "이 이야기의 창고들입니다. 이 화면은 이벤트만으로 만들어집니다.",
    ),
    by_hand: "view",
};
