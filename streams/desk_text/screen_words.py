"""The words of `fxwatch screens`."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class ScreenWords(Words):
    """What each screen is called, and the lines around an entry."""

    # fmt: off
    screens = both_of({
        "small_capital_new_firm": ("Small-capital new firms (FSS 2022-07)",
                                   "소자본 신설업체 점검(금융감독원 2022년 7월)"),
        "branch_concentration": ("One branch has most of a firm's payments (FSS 2022-07)",
                                 "특정 영업점 집중 송금 점검(금융감독원 2022년 7월)"),
        "trade_gap": ("Declared and settled trade drift apart (KCS 2026-01-13)",
                      "무역 신고액과 결제액 편차 점검(관세청 2026년 1월 13일)"),
    })
    habits = both_of({
        "no_document": ("payments without documents", "증빙서류 없는 송금"),
        "under_line": ("payments without documents just under the line", "기준 금액 직전의 증빙서류 없는 송금"),
        "no_purpose": ("payments without a known purpose", "지급등 사유가 확인되지 않은 송금"),
        "off_market": ("deals away from the reference rate", "기준환율과 차이가 큰 거래"),
        "late": ("payments told late", "늦게 보고된 거래"),
    })
    kinds = both_of({
        "outgoing": ("payments abroad", "해외 송금"),
        "no_document": ("payments without documents", "증빙서류 없는 송금"),
        "deals": ("deals", "환율이 보고된 거래"), "payments": ("payments", "거래"),
    })
    peers = Both("Institutions compared with their peers, {month}: {count} of {institutions}, in {partitions} ledger "
                 "partitions",
                 "금융기관 간 비교, {month}: {institutions}개 중 {count}개(원장 파티션 {partitions}개 기준)")
    limits = both_of({
        "peer_payments_min": ("fewest payments", "비교에 필요한 최소 거래 건수"),
        "peers_min": ("fewest other institutions", "비교에 필요한 최소 금융기관 수"),
        "peer_z": ("spreads above the median", "중앙값 대비 편차 배수"),
        "peer_excess_min": ("share above the median", "중앙값 대비 최소 초과 비율"),
        "late_days": ("told late after", "늦은 보고로 보는 일수"),
    })
    habit = Both("{share} % of its {of} {kind} ({count}) are {habit}. The median of {peers} other institutions is "
                 "{median} %; it lies {z} spreads above it. Why requires a check.",
                 "{kind} {of}건 중 {share}%({count}건)가 {habit}입니다. 다른 금융기관 {peers}개의 "
                 "중앙값은 {median}%이며, 통상 편차의 {z}배만큼 높습니다. 그 이유에 대한 확인이 필요합니다.")
    institution = Both("institution {name}", "금융기관 {name}")
    head = Both("{screen}, {month}: {count}", "{screen}, {month}: {count}건")
    none = Both("nobody is in a list of {month}", "{month} 점검 목록에 해당하는 대상이 없습니다")
    empty = Both("no list was published yet", "공표된 점검 목록이 없습니다")
    months = Both("months with entries: {months}", "해당 대상이 있는 월: {months}")
    unreadable = Both("{count} records of fx.screens.v1 could not be read", "fx.screens.v1의 읽지 못한 기록 {count}건")
    subject = Both("party {party}", "당사자 {party}")
    as_of = Both("As of", "기준 시점")
    place = Both("Ledger", "원장 위치")
    note = Both("A list names who is to be looked at first. It finds nobody guilty.",
                "점검 목록은 먼저 살펴볼 대상을 알려 줄 뿐 위반을 뜻하지 않습니다.")
    # fmt: on


SCREEN_WORDS: dict[Language, ScreenWords] = {lang: ScreenWords(lang) for lang in LANGUAGES}
