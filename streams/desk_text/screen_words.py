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
