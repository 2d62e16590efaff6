"""Fixed words of an alert's rendering. Sentences about the case itself come with the alert."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of

# codes of the contract for a payment's direction and status, in English and Korean
DIRECTIONS = {"out": ("out: paid abroad", "해외로 지급"), "in": ("in: received from abroad", "해외에서 수령")}
STATUSES = {
    "ordered": ("ordered, not settled yet", "지시(결제 전)"),
    "settled": ("settled", "결제 완료"),
    "returned": ("returned", "반환"),
    "cancelled": ("cancelled", "취소"),
}


class Labels(Words):
    """Titles and labels, and the words of codes that an alert holds."""

    # fmt: off
    severity = both_of({
        "low": ("LOW", "낮음"), "medium": ("MEDIUM", "보통"), "high": ("HIGH", "높음"),
        "critical": ("CRITICAL", "심각"),
    })
    status = both_of({"raised": ("raised", "신규"), "updated": ("updated", "갱신"), "retracted": ("RETRACTED", "철회")})
    snoozed = Both("Snoozed", "경보 보류")
    rests = Both("until {until}, by the officer's record at ledger {place}: no desk gets it",
                 "{until}까지, 담당관 기록은 원장 {place}: 담당 부서로 보내지 않음")
    rests_not = Both("until {until}, by the officer's record at ledger {place}; a test of the law is met, so the desks "
                     "get it",
                     "{until}까지, 담당관 기록은 원장 {place}: 법령상 기준을 충족하여 담당 부서로 보냄")
    withheld = Both("Held back", "발송 제한")
    over_ceiling = Both("from {desks}: the desk had as many statistical alerts that day as its ceiling allows",
                        "{desks}: 그날 통계적 경보의 부서별 한도에 이르러 보내지 않음")
    updates = Both("brings up to date", "- 갱신 전 경보")
    anomaly = Both("Unusual payment (no typology explains it)", "통상과 다른 거래(해당하는 유형 없음)")
    drawn = Both("Payment drawn by lot (no typology explains it)", "무작위로 추출한 거래(해당하는 유형 없음)")
    amount = Both("At risk", "의심 금액")
    when = Both("When", "일시")
    party = Both("Party", "당사자")
    counterparty = Both("Counterparty", "상대방")
    others = Both("Also involved", "그 밖의 당사자")
    shared = Both("Shared", "공유 대상")
    shared_kinds = both_of({
        "counterparty": ("foreign party", "해외 상대방"), "account": ("foreign account", "해외 계좌"),
        "device": ("device", "접속기기"), "contact": ("contact", "연락처"), "goods": ("group of goods", "품목군"),
        "resident": ("resident", "거주자"),
    })
    resident = Both("resident", "거주자")
    institutions = Both("Reported by", "보고 기관")
    rate_missing = Both("no reference rate in time: features in USD were left out of the score",
                        "당시의 기준환율이 없어 미화 환산 지표는 점수에서 제외하였습니다")
    no_amount = Both("not converted", "환산하지 않음")
    rules = Both("WHAT WAS FOUND", "탐지 내용")
    strength = Both("strength {value} of 1", "강도 {value}(최대 1)")
    window = Both("window {value}", "기간 {value}")
    basis = Both("Legal basis", "법적 근거")
    measured = Both("Measured", "측정값")
    limits = Both("Limits", "기준")
    since = Both("since {date}, {source}", "{date} 시행, {source}")
    provenance = both_of({
        "L": ("law", "법령"),
        "S": ("published by the supervisor", "감독당국 공표"),
        "D": ("fxwatch default, not law", "시스템 기본값(법령 아님)"),
    })
    unverified = Both("figure NOT YET CHECKED against the text", "원문 확인 필요")
    tests = Both("Tests", "판단 기준")
    outcome = both_of({
        "met": ("met", "충족"), "not_met": ("not met", "미충족"), "cannot_tell": ("cannot be told", "판단할 수 없음"),
    })
    missing = Both("{field} is missing", "{field} 항목 없음")
    exposure = Both("Exposure", "제재 범위")
    next = Both("To do next", "다음 조치")
    reasons = Both("WHY (shares of the score)", "경보 사유(점수 기여도)")
    observations = Both("own observations: {n}", "본인 관측 {n}건")
    normal = Both("WHAT WOULD HAVE MADE IT NORMAL", "경보가 발생하지 않았을 조건")
    still = Both("still an alert", "그래도 경보에 해당")
    untested = Both("nothing that was tried", "확인된 조건이 없습니다")
    evidence = Both("EVIDENCE", "근거 자료")
    evidence_shown = Both("{shown} of {total} records shown", "총 {total}건 중 {shown}건 표시")
    ledger_position = Both("ledger {partition}:{offset}", "원장 {partition}:{offset}")
    directions = both_of(DIRECTIONS)
    paid_status = both_of(STATUSES)
    kinds = both_of({"import": ("import", "수입신고"), "export": ("export", "수출신고")})
    no_purpose = Both("no purpose given", "거래 사유 미기재")
    payee = Both("to", "수취인")
    payer = Both("from", "송금인")
    partner = Both("trading partner", "거래 상대방")
    branch = Both("branch", "영업점")
    declaration_no = Both("declaration", "수출입신고번호")
    line = Both("line", "란")
    report_no = Both("report", "신고번호")
    gone = Both("no longer in the ledger", "원장에 남아 있지 않음")
    rarity = Both("HOW UNUSUAL", "이례성")
    rarer = Both("rarer than {percent} % of the recent payments (p = {p})",
                 "최근의 거래 중 {percent}%보다 드뭅니다(p = {p})")
    coarse = Both("a coarse rank: only {among} payments were there to compare with, so how rare it is beyond 1 in "
                  "{among} is an estimate",
                  "거친 순위: 비교한 거래가 {among}건뿐이므로 {among}건 중 1건보다 드문 정도는 추정치입니다")
    warming = Both("not ranked yet: too few payments were seen",
                   "관측된 거래가 부족하여 순위를 산정하지 않았습니다")
    score = Both("score {score} of 1", "점수 {score}(최대 1)")
    common = Both("beside other payments it is not unusual (p = {p})",
                  "다른 거래와 비교하여 통상적인 수준입니다(p = {p})")
    explored = Both("drawn by lot, to see what the models miss; nothing need be wrong with it",
                    "모형이 놓치는 거래를 확인하기 위하여 무작위로 추출하였으며, 이상이 있음을 뜻하지 않습니다")
    chosen = both_of({
        "rule": ("raised by a rule, outside any budget", "규칙에 따른 경보이며 건수 한도를 적용하지 않습니다"),
    })
    chance = Both("within the budget '{budget}', chance of being chosen {probability}",
                  "{budget} 건수 한도 안에서 선정하였으며 선정 확률은 {probability}입니다")
    likely = Both("investigators confirm about {share} of 100 such alerts (learned from {verdicts} verdicts)",
                  "이와 같은 경보는 100건 중 약 {share}건이 의심 확인으로 판정됩니다(판정 {verdicts}건에서 학습)")
    record = Both("FOR THE RECORD", "기록")
    alert = Both("alert_id", "경보 번호")
    case = Both("Case", "사안 번호")
    desk = Both("Desk", "담당")
    ledger = Both("Ledger", "원장")
    trigger = Both("Trigger", "계기 거래")
    versions = Both("Versions", "버전")
    releases = Both("code {code}, config {config}, detectors {detectors}, rules {rules}",
                    "코드 {code}, 설정 {config}, 탐지기 {detectors}, 규칙 {rules}")
    caution = Both("A recommendation to look, not a finding of guilt.",
                   "이 경보는 확인을 권고하는 것이며, 위법이나 책임을 단정하지 않습니다.")
    # fmt: on


LABELS: dict[Language, Labels] = {lang: Labels(lang) for lang in LANGUAGES}
