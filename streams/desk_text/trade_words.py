"""The words of `fxwatch trade show`."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class TradeWords(Words):
    """Titles of its tables, what stands in them, and the lines above."""

    # fmt: off
    party = Both("trade ledger of {party}, ledger partition {partition}",
                 "{party}의 무역 원장(원장 파티션 {partition})")
    none = Both("no declaration and no trade payment of this party is in the ledger",
                "이 당사자의 수출입신고와 무역 결제가 원장에 없습니다")
    unusable = Both("{count} of its records could not be read", "읽지 못한 기록 {count}건")
    doubtful = Both(
        "{count} amendments or settlements may count twice or not at all: what they name was folded too long ago",
        "정정 또는 결제 {count}건은 중복되거나 누락되었을 수 있습니다. 원래 기록이 오래전에 합계로 정리되었습니다")
    more = Both("{shown} of {total} open items; --limit shows more", "미결 {total}건 중 {shown}건; --limit으로 더 표시")
    sides = both_of({
        "import goods": ("imports declared", "수입신고"), "import money": ("imports paid", "수입대금 지급"),
        "export goods": ("exports declared", "수출신고"), "export money": ("exports received", "수출대금 수령"),
    })
    totals = both_of({
        "side": ("side", "구분"), "came_in": ("came in, USD", "총액(USD)"), "matched": ("matched, USD", "대응(USD)"),
        "open": ("unmatched, USD", "미대응(USD)"), "open_items": ("open items", "미결"), "cut": ("cut", "정리된 미결"),
        "unvalued": ("without rate", "환율 없음"),
    })
    items = both_of({
        "side": ("side", "구분"), "time": ("time", "일시"), "due": ("due", "기한"), "age": ("days open", "경과일"),
        "left": ("left", "잔액"), "amount": ("of", "원금액"), "usd": ("left, USD", "잔액(USD)"),
        "reason": ("why open", "미결 사유"), "ledger": ("ledger", "원장 위치"),
    })
    months = both_of({
        "month": ("month", "월"), "import goods": ("imports declared, USD", "수입신고(USD)"),
        "import money": ("imports paid, USD", "수입대금 지급(USD)"),
        "export goods": ("exports declared, USD", "수출신고(USD)"),
        "export money": ("exports received, USD", "수출대금 수령(USD)"),
    })
    matches = both_of({
        "payment": ("payment", "결제"), "goods": ("declaration", "신고"), "paid": ("paid", "결제액"),
        "got": ("for goods of", "대응 신고액"), "rule": ("matched by", "대응 기준"),
    })
    reasons = both_of({
        "part": ("matched in part", "일부만 대응"), "nothing_open": ("nothing open to match", "대응할 미결 없음"),
        "other_counterparty": ("only others' items are open", "다른 상대방의 미결뿐"),
        "not_alike": ("too far apart, or no rate", "시점 차이 또는 환율 없음"),
    })
    rules = both_of({
        "number": ("declaration number", "신고번호"), "goods_amount": ("goods and amount", "품목과 금액"),
        "amount": ("amount", "금액"), "goods": ("goods, oldest first", "품목, 오래된 순"),
        "oldest": ("oldest first", "오래된 순"),
    })
    # fmt: on


TRADE_WORDS: dict[Language, TradeWords] = {lang: TradeWords(lang) for lang in LANGUAGES}
