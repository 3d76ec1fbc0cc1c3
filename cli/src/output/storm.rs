//! The words of a simulation: what struck, and what was checked. The engine says both in English.

use storagerent::Lang;
use storagerent::simulation::Invariant;

/// What an invariant says.
pub(crate) fn invariant(invariant: Invariant, lang: Lang) -> &'static str {
    let korean = match invariant.number() {
        1 => "예약된 것은 결제되어 있고, 기한이 지난 가예약은 만료된다",
        2 => "한 창고에서 살아 있는 두 예약이 겹치지 않는다",
        3 => "받은 돈에서 돌려준 돈을 빼면 유효한 예약과 환불 대기의 합이다",
        4 => "결제 키마다 출금 한 번, 환불 한 번: 우리 장부에서도 게이트웨이 장부에서도",
        5 => "정해진 상태 변화만 있고, 끝난 상태는 바뀌지 않는다",
        6 => "상태, 이벤트, 할 일이 함께 커밋되고 해시 사슬이 이어진다",
        7 => "이벤트와 채널마다 메시지 하나",
        8 => "뷰는 로그를 접은 것과 같다",
        9 => "커서는 처리되지도 보관되지도 않은 것을 지나치지 않는다",
        10 => "되풀이된 요청은 한 번만 이루어진다",
        11 => "모든 것이 상관관계 ID를 지니고, 원인은 나무를 이룬다",
        12 => "후기는 쓸 수 있을 때 쓰였고, 개수와 평균이 맞다",
        13 => "확인해 준 것은 남아 있고, 나머지는 온전히 있거나 아예 없다",
        14 => "열린 차단기는 호출을 막고, 거절은 차단기를 열지 않는다",
        15 => "장애가 없으면 모든 것이 정리된다",
        _ => "아무도 권한 밖의 일을 하지 못하고, 안에서 깨지는 것이 없다",
    };
    lang.pick(invariant.name(), korean)
}

/// A fault, by the name the simulator gives it; one not known here keeps that name.
pub(crate) fn fault(name: &str, lang: Lang) -> &str {
    let korean = match name {
        "channel away" => "알림 채널 불통",
        "channel refuses" => "알림 채널이 거부",
        "clock jumps ahead" => "시계가 앞으로 건너뜀",
        "clock set back" => "시계가 뒤로 감",
        "commit failed, and lost" => "커밋 실패, 실제로 사라짐",
        "commit said to have failed, and kept" => "커밋 실패라 했으나 실제로는 남음",
        "consumer inside fails for good after its effect" => "내부 소비자가 처리 뒤 영구 실패",
        "consumer inside panics after its effect" => "내부 소비자가 처리 뒤 패닉",
        "consumer inside unavailable after its effect" => "내부 소비자가 처리 뒤 일시 불능",
        "consumer of one's own away" => "외부 소비자 불통",
        "consumer of one's own refuses" => "외부 소비자가 거부",
        "crash after a call of the gateway" => "게이트웨이 호출 뒤 죽음",
        "crash after a commit, before its answer" => "커밋 뒤, 응답 전에 죽음",
        "crash after a consumer of one's own" => "외부 소비자 뒤 죽음",
        "crash after a delivery" => "전달 뒤 죽음",
        "crash before a call of the gateway" => "게이트웨이 호출 전 죽음",
        "crash before a consumer of one's own" => "외부 소비자 전 죽음",
        "crash before a delivery" => "전달 전 죽음",
        "crash before a read" => "읽기 전 죽음",
        "crash before a write" => "쓰기 전 죽음",
        "gateway declines" => "게이트웨이가 거절",
        "gateway declines, its reply is lost" => "게이트웨이가 거절, 응답 유실",
        "gateway down" => "게이트웨이 불통",
        "gateway down for voids and refunds" => "취소와 환불에 게이트웨이 불통",
        "gateway slow" => "게이트웨이 지연",
        "gateway takes the money later" => "게이트웨이가 나중에 출금",
        "gateway takes the money, its reply is lost" => "출금되었으나 응답 유실",
        "money taken late" => "늦은 출금",
        "others act during a call outside" => "외부 호출 중 다른 이가 움직임",
        "outcome of an effect never told" => "결과를 끝내 알리지 않음",
        "outcome told late or again" => "결과를 늦게, 또는 다시 알림",
        "process ended and started anew" => "프로세스가 끝나고 다시 시작",
        "reply of a void or refund lost" => "취소나 환불의 응답 유실",
        "several in one step" => "한 단계에 여럿이 겹침",
        "store busy" => "저장소 바쁨",
        "store failed to read" => "저장소 읽기 실패",
        "store failed to write" => "저장소 쓰기 실패",
        "void or refund refused for good" => "취소나 환불이 영구 거부",
        "zone changed" => "시간대 변경",
        other => other,
    };
    lang.pick(name, korean)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use storagerent::simulation::{Plan, run};

    use super::*;

    #[test]
    fn all_that_strikes_has_a_korean_name() {
        let met: BTreeSet<String> =
            (0..60).flat_map(|seed| run(&Plan::new(seed, 300), &mut |_| {}).faults.into_keys()).collect();
        assert!(met.len() > 35, "{met:?}");
        assert!(met.iter().all(|name| !fault(name, Lang::Ko).is_ascii()), "{met:?}");
        assert!(Invariant::all().all(|one| !invariant(one, Lang::Ko).is_ascii()));
    }
}
