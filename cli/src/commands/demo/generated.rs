//! The site of the demo: 1,000 storages, the same every time.

use storagerent::{Description, InvalidValue, Lang, Money, Per, Rate, RegisterStorage};

const DISTRICTS: [(&str, &str); 25] = [
    ("Gangnam", "강남"),
    ("Seocho", "서초"),
    ("Songpa", "송파"),
    ("Mapo", "마포"),
    ("Yongsan", "용산"),
    ("Seongsu", "성수"),
    ("Yeongdeungpo", "영등포"),
    ("Gwanak", "관악"),
    ("Nowon", "노원"),
    ("Eunpyeong", "은평"),
    ("Bundang", "분당"),
    ("Suwon", "수원"),
    ("Ilsan", "일산"),
    ("Bupyeong", "부평"),
    ("Songdo", "송도"),
    ("Yuseong", "유성"),
    ("Dunsan", "둔산"),
    ("Suseong", "수성"),
    ("Haeundae", "해운대"),
    ("Seomyeon", "서면"),
    ("Changwon", "창원"),
    ("Jeonju", "전주"),
    ("Gwangsan", "광산"),
    ("Chuncheon", "춘천"),
    ("Jeju", "제주"),
];

/// What it is called, what it costs in won, and what the price is for.
const SIZES: [(&str, &str, i64, Per); 10] = [
    ("small 3.3 m²", "소형 1평", 59_000, Per::Rental),
    ("small 6.6 m²", "중소형 2평", 105_000, Per::Rental),
    ("medium 11 m²", "중형 3.3평", 155_000, Per::Rental),
    ("medium 16 m²", "중대형 5평", 225_000, Per::Rental),
    ("locker 1.7 m²", "락커 0.5평", 2_900, Per::Day),
    ("cabinet 0.8 m²", "캐비닛 0.25평", 1_500, Per::Day),
    ("large 33 m²", "대형 10평", 390_000, Per::Month),
    ("large 50 m²", "대형 15평", 560_000, Per::Month),
    ("hall 66 m²", "창고동 20평", 720_000, Per::Month),
    ("hall 109 m²", "창고동 33평", 1_035_000, Per::Month),
];

/// What sets it apart, and what that costs more, in percent.
const FEATURES: [(&str, &str, i64); 4] =
    [("CCTV", "CCTV", 0), ("open 24 h", "24시간", 6), ("drive-in", "차량진입", 4), ("climate control", "항온항습", 12)];

/// The storages, in the words of a language.
pub(super) fn storages(lang: Lang) -> Result<Vec<RegisterStorage>, InvalidValue> {
    let mut all = Vec::with_capacity(DISTRICTS.len() * SIZES.len() * FEATURES.len());
    for district in DISTRICTS {
        for (en, ko, won, per) in SIZES {
            for (feature_en, feature_ko, percent) in FEATURES {
                let place = lang.pick(district.0, district.1);
                let (size, feature) = (lang.pick(en, ko), lang.pick(feature_en, feature_ko));
                let price = (won + won * percent / 100) / 100 * 100;
                all.push(RegisterStorage {
                    description: Description::new(&format!("{place} {size} · {feature}"))?,
                    rate: Rate::new(Money::krw(price), per)?,
                });
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_thousand_each_of_its_own_name() {
        for lang in [Lang::Ko, Lang::En] {
            let all = storages(lang).unwrap();
            let names: std::collections::BTreeSet<_> = all.iter().map(|s| s.description.as_str()).collect();
            assert_eq!((all.len(), names.len()), (1_000, 1_000));
        }
    }
}
