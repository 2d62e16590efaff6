"""Fixed words of an alert's rendering, in English and Korean. Sentences about the case itself come with the alert."""

from typing import Literal

import msgspec

Language = Literal["en", "ko"]


class Labels(msgspec.Struct, frozen=True):
    """One language's words; `{}` places are filled by name."""

    severity: dict[str, str]
    status: dict[str, str]
    updates: str
    anomaly: str
    amount: str
    when: str
    party: str
    counterparty: str
    others: str
    institutions: str
    rate_missing: str
    no_amount: str
    rules: str
    strength: str
    window: str
    basis: str
    measured: str
    limits: str
    since: str
    provenance: dict[str, str]
    unverified: str
    reasons: str
    observations: str
    weak: str
    normal: str
    still: str
    untested: str
    evidence: str
    evidence_shown: str
    ledger_position: str
    gone: str
    rarity: str
    rarer: str
    warming: str
    score: str
    explored: str
    chosen: dict[str, str]
    chance: str
    record: str
    alert: str
    case: str
    desk: str
    ledger: str
    trigger: str
    versions: str
    releases: str
    caution: str


ENGLISH = Labels(
    severity={"low": "LOW", "medium": "MEDIUM", "high": "HIGH", "critical": "CRITICAL"},
    status={"raised": "raised", "updated": "updated", "retracted": "RETRACTED"},
    updates="brings up to date",
    anomaly="Unusual payment (no typology explains it)",
    amount="At risk",
    when="When",
    party="Party",
    counterparty="Counterparty",
    others="Also involved",
    institutions="Reported by",
    rate_missing="no reference rate in time: features in USD were left out of the score",
    no_amount="not converted",
    rules="WHAT WAS FOUND",
    strength="strength {value} of 1",
    window="window {value}",
    basis="Legal basis",
    measured="Measured",
    limits="Limits",
    since="since {date}, {source}",
    provenance={"L": "law", "S": "published by the supervisor", "D": "fxwatch default, not law"},
    unverified="figure NOT YET CHECKED against the text",
    reasons="WHY (shares of the score)",
    observations="own observations: {n}",
    weak="weak",
    normal="WHAT WOULD HAVE MADE IT NORMAL",
    still="still an alert",
    untested="nothing that was tried",
    evidence="EVIDENCE",
    evidence_shown="{shown} of {total} records shown",
    ledger_position="ledger {partition}:{offset}",
    gone="no longer in the ledger",
    rarity="HOW UNUSUAL",
    rarer="rarer than {percent} % of the recent payments of its kind (p = {p})",
    warming="not ranked yet: too few payments of its kind were seen",
    score="score {score} of 1",
    explored="drawn at random to explore what is usually not shown",
    chosen={"rule": "raised by a rule, outside any budget"},
    chance="within the budget '{budget}', chance of being chosen {probability}",
    record="FOR THE RECORD",
    alert="alert_id",
    case="Case",
    desk="Desk",
    ledger="Ledger",
    trigger="Trigger",
    versions="Versions",
    releases="code {code}, config {config}, detectors {detectors}, rules {rules}",
    caution="A recommendation to look, not a finding of guilt.",
)

KOREAN = Labels(
    severity={"low": "낮음", "medium": "보통", "high": "높음", "critical": "심각"},
    status={"raised": "신규", "updated": "갱신", "retracted": "철회"},
    updates="- 갱신 전 경보",
    anomaly="통상과 다른 거래(해당하는 유형 없음)",
    amount="의심 금액",
    when="일시",
    party="당사자",
    counterparty="상대방",
    others="그 밖의 당사자",
    institutions="보고 기관",
    rate_missing="당시의 기준환율이 없어 미화 환산 지표는 점수에서 제외하였습니다",
    no_amount="환산하지 않음",
    rules="탐지 내용",
    strength="강도 {value}(최대 1)",
    window="기간 {value}",
    basis="법적 근거",
    measured="측정값",
    limits="기준",
    since="{date} 시행, {source}",
    provenance={"L": "법령", "S": "감독당국 공표", "D": "시스템 기본값(법령 아님)"},
    unverified="원문 확인 필요",
    reasons="경보 사유(점수 기여도)",
    observations="본인 관측 {n}건",
    weak="근거 약함",
    normal="경보가 발생하지 않았을 조건",
    still="그래도 경보에 해당",
    untested="확인된 조건이 없습니다",
    evidence="근거 자료",
    evidence_shown="총 {total}건 중 {shown}건 표시",
    ledger_position="원장 {partition}:{offset}",
    gone="원장에 남아 있지 않음",
    rarity="이례성",
    rarer="최근의 같은 종류 거래 중 {percent}%보다 드뭅니다(p = {p})",
    warming="같은 종류 거래의 관측이 부족하여 순위를 산정하지 않았습니다",
    score="점수 {score}(최대 1)",
    explored="평소 표시되지 않는 거래를 살펴보기 위하여 무작위로 추출하였습니다",
    chosen={"rule": "규칙에 따른 경보이며 건수 한도를 적용하지 않습니다"},
    chance="{budget} 건수 한도 안에서 선정하였으며 선정 확률은 {probability}입니다",
    record="기록",
    alert="경보 번호",
    case="사안 번호",
    desk="담당",
    ledger="원장",
    trigger="계기 거래",
    versions="버전",
    releases="코드 {code}, 설정 {config}, 탐지기 {detectors}, 규칙 {rules}",
    caution="이 경보는 확인을 권고하는 것이며, 위법이나 책임을 단정하지 않습니다.",
)

LABELS: dict[Language, Labels] = {"en": ENGLISH, "ko": KOREAN}
