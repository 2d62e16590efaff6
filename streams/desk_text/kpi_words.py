"""The fixed words of `fxwatch kpi`."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class KpiWords(Words):
    """Columns of both tables, groups, and what is said beside them."""

    # fmt: off
    group = Both("alerts of", "구분")
    alerts = Both("alerts", "경보(건)")
    confirmed = Both("confirmed", "의심 확인(건)")
    refuted = Both("refuted", "의심 해소(건)")
    undecided = Both("undecided", "결론 없음(건)")
    open = Both("open", "미처리(건)")
    hit_rate = Both("hit rate", "적중률")
    interval = Both("95 % interval", "95 % 신뢰구간")
    groups = both_of({
        "all": ("all", "전체"), "rules": ("rules", "유형(규칙)"), "models": ("models alone", "모형 단독"),
        "lot": ("drawn by lot", "무작위 추출"),
    })
    month = Both("month", "월")
    cases = Both("new cases", "신규 사안(건)")
    at_risk = Both("at risk in them (KRW)", "신규 사안의 의심 금액(원)")
    confirmed_cases = Both("cases confirmed", "확인된 사안(건)")
    confirmed_krw = Both("confirmed (KRW)", "확인 금액(원)")
    without_amount = Both("of them without an amount", "그중 금액 미상(건)")
    reading = Both("Hit rate: of the alerts that an officer decided, the share confirmed. An alert that brought others "
                   "up to date stands for all of them. Of a case the largest amount counts, once.",
                   "적중률은 의심 확인이나 의심 해소로 판정된 경보 중 의심 확인의 비율입니다. "
                   "이전 경보를 갱신한 경보는 한 건으로 셉니다. "
                   "한 사안에서는 가장 큰 금액만 한 번 셉니다.")
    lot = Both("Drawn by lot, as the comparison: {alerts} alerts, of which {decided} are decided{rate}.",
               "비교 기준인 무작위 추출 경보는 {alerts}건이며, 그중 {decided}건이 판정되었습니다{rate}.")
    rate = Both("; hit rate {share} ({interval})", "(적중률 {share}, {interval})")
    none_drawn = Both("Nothing was drawn by lot yet, so there is no comparison with chance.",
                      "무작위로 추출된 경보가 아직 없어 우연과 비교할 수 없습니다.")
    # fmt: on


KPI_WORDS: dict[Language, KpiWords] = {lang: KpiWords(lang) for lang in LANGUAGES}
