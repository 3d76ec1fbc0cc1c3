// @ts-check
/** The storages a first visit starts with, and a thousand more on demand. */

/** @typedef {{ description: string, price: number, currency: string, per: 'rental' | 'day' | 'month' }} NewStorage */

const TWELVE = /** @type {[string, string, number, NewStorage['per']][]} */ ([
  ['강남 소형 1평 · CCTV', 'Gangnam small 3.3 m² · CCTV', 59000, 'rental'],
  ['마포 락커 0.5평 · 24시간', 'Mapo locker 1.7 m² · open 24 h', 31000, 'month'],
  ['서초 중소형 2평 · 화물엘리베이터', 'Seocho medium 6.6 m² · goods lift', 109000, 'month'],
  ['성수 와인셀러 1평 · 항온항습', 'Seongsu wine cellar 3.3 m² · climate control', 156000, 'month'],
  ['용산 소형 1평 · 당일입고', 'Yongsan small 3.3 m² · same-day move-in', 72000, 'rental'],
  ['잠실 짐보관 0.3평', 'Jamsil luggage 1 m²', 9000, 'day'],
  ['판교 중형 3.3평 · 차량진입', 'Pangyo medium 10.9 m² · drive-in', 159000, 'month'],
  ['분당 대형 6.6평 · 2층', 'Bundang large 21.8 m² · 2nd floor', 323000, 'rental'],
  ['해운대 서프보드 랙', 'Haeundae surfboard rack', 7000, 'day'],
  ['제주 캠핑용품 1평 · 공항 10분', 'Jeju camping gear 3.3 m² · 10 min to the airport', 64000, 'month'],
  ['대전 유성 창고동 33평', 'Daejeon warehouse bay 109 m²', 1035000, 'month'],
  ['일산 야적장 165평 · 지게차', 'Ilsan yard 545 m² · forklift', 2967000, 'rental'],
]);
const PLACES = /** @type {[string, string][]} */ ([
  ['강서', 'Gangseo'],
  ['노원', 'Nowon'],
  ['수원', 'Suwon'],
  ['송도', 'Songdo'],
  ['부평', 'Bupyeong'],
  ['유성', 'Yuseong'],
  ['수성', 'Suseong'],
  ['영통', 'Yeongtong'],
  ['둔산', 'Dunsan'],
  ['광안', 'Gwangan'],
]);
const SIZES = /** @type {[string, string, number][]} */ ([
  ['락커 0.5평', 'locker 1.7 m²', 34000],
  ['소형 1평', 'small 3.3 m²', 61000],
  ['중소형 2평', 'medium 6.6 m²', 108000],
  ['중형 3.3평', 'medium 10.9 m²', 162000],
  ['대형 6.6평', 'large 21.8 m²', 318000],
]);
const EXTRAS = /** @type {[string, string][]} */ ([
  ['CCTV', 'CCTV'],
  ['24시간', 'open 24 h'],
  ['차량진입', 'drive-in'],
  ['2층', '2nd floor'],
  ['지하1층', 'basement'],
]);

/** @param {'ko' | 'en'} lang @returns {NewStorage[]} */
export const twelve = (lang) =>
  TWELVE.map(([ko, en, price, per]) => ({ description: lang === 'ko' ? ko : en, price, currency: 'KRW', per }));

/** @param {'ko' | 'en'} lang @param {number} count @returns {NewStorage[]} */
export function many(lang, count) {
  const word = (/** @type {[string, string, ...unknown[]]} */ pair) => (lang === 'ko' ? pair[0] : pair[1]);
  return Array.from({ length: count }, (_, i) => {
    const [place, size, extra] = [PLACES[i % 10], SIZES[Math.floor(i / 10) % 5], EXTRAS[Math.floor(i / 50) % 5]];
    return {
      description: `${word(place)} ${word(size)} · ${word(extra)}`,
      price: size[2] + (i % 7) * 1000,
      currency: 'KRW',
      per: i % 3 === 0 ? 'month' : 'rental',
    };
  });
}
