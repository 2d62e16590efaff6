"""T16's own words in Korean, for what its alerts carry in English."""

from detectors.typologies.declared import Word, Words

WORDS = Words(
    measured={
        "deviation": Word("기준환율 대비 괴리"),
        "limit_in_force": Word("적용된 기준"),
        "deal_rate": Word("거래환율"),
        "reference_rate": Word("기준환율"),
        "value_moved": Word("환율 차이로 이전된 금액"),
        "mean_deviation": Word("평균 괴리"),
        "earlier_off_market_deals": Word("이전의 시장환율 이탈 거래"),
        "value_moved_in_window": Word("기간 중 이전된 금액"),
    },
    windows=((r"this deal; mean of (\d+) local days", "이 거래 및 {}일간의 평균"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 15 (payment procedure); an indicator of value moved through the price "
        "of currency": "외국환거래법 제15조(지급절차 등), 환율을 통하여 가치가 이전되는 징후",
    },
)
