"""The words for what a ledger record says: kinds, fields and the values of fields that are codes of the contract."""

from detectors.wording import phrases
from streams.alert_text.labels import DIRECTIONS, STATUSES
from streams.plain_text.languages import LANGUAGES, Language, split_by_language

KINDS = split_by_language(
    {
        "transaction": ("Payment across the border", "대외 지급·수령"),
        "declaration": ("Customs declaration line", "수출입신고(란별)"),
        "rate": ("Reference rate", "기준환율"),
        "profile": ("Profile of a party", "당사자 기본정보"),
        "disposition": ("Investigator's verdict", "조사관 판정"),
        "configuration": ("Configuration in force from here on", "이 지점부터 적용되는 설정"),
        "learning": ("What a partition told all others of what it learned", "파티션이 학습하여 모두에게 알린 내용"),
    }
)

LABELS = split_by_language(
    {
        "event_id": ("Id", "식별번호"),
        "event_time": ("When", "일시"),
        "direction": ("Direction", "방향"),
        "status": ("Status", "상태"),
        "payment_id": ("Payment's reference", "거래 참조번호"),
        "original_event_id": ("Of the event", "원거래"),
        "party": ("Party", "당사자"),
        "party_type": ("Kind of party", "당사자 구분"),
        "party_account": ("Party's account", "당사자 계좌"),
        "counterparty": ("Counterparty", "상대방"),
        "counterparty_account": ("Its account", "상대방 계좌"),
        "counterparty_country": ("Its country", "상대방 국가"),
        "counterparty_bank_country": ("Country of its bank", "상대방 은행 국가"),
        "contract_counterparty": ("Party of the contract", "계약 상대방"),
        "institution": ("Reported by", "보고 기관"),
        "branch": ("Branch", "영업점"),
        "channel": ("Channel", "경로"),
        "amount": ("Amount", "금액"),
        "currency": ("Currency", "통화"),
        "settled_amount": ("Settled as", "결제 금액"),
        "settled_currency": ("Currency of it", "결제 통화"),
        "deal_rate": ("Rate of the deal", "적용 환율"),
        "purpose": ("Purpose", "거래 사유"),
        "evidence": ("Documents", "증빙"),
        "report_no": ("Report number", "신고번호"),
        "report_type": ("Kind of report", "신고 종류"),
        "declaration_no": ("Declaration number", "수출입신고번호"),
        "trade_terms": ("Terms", "결제 조건"),
        "goods_due": ("Goods expected on", "물품 예정일"),
        "hs_code": ("HS code", "품목번호"),
        "device": ("Device", "기기"),
        "contact": ("Contact", "연락처"),
        "ip_country": ("Country of the address", "접속 국가"),
        "exchange_linked_inflow_24h": ("From crypto exchanges", "가상자산 관련 유입"),
        "remittance_classes": ("Classes of its text", "송금 문구 분류"),
        "residency": ("Residency", "거주성"),
        "designated_bank": ("Through the designated bank", "지정거래외국환은행 이용"),
        "declared_time": ("When", "일시"),
        "kind": ("Import or export", "수입·수출"),
        "quantity": ("Quantity", "수량"),
        "quantity_unit": ("Unit", "단위"),
        "value": ("Value", "신고 금액"),
        "incoterm": ("Incoterm", "인도 조건"),
        "origin_country": ("Country of origin", "원산지"),
        "settlement_due": ("To be settled by", "결제 기한"),
        "line": ("Line", "란"),
        "amends": ("Amends", "정정 대상"),
        "base": ("One unit of", "기준 통화"),
        "quote": ("is worth in", "표시 통화"),
        "mid": ("Rate", "환율"),
        "rate_time": ("When", "일시"),
        "source": ("Feed", "제공처"),
        "registered_on": ("Registered on", "등록일"),
        "capital_krw": ("Capital", "자본금"),
        "turnover_krw": ("Yearly turnover", "연 매출"),
        "industry_code": ("Industry", "업종"),
        "size": ("Size", "규모"),
        "employees": ("Employees", "직원 수"),
        "region": ("Region", "지역"),
        "related_counterparties": ("Related parties", "특수관계인"),
        "as_of": ("When", "일시"),
        "register": ("Registered as", "등록 업종"),
        "snooze_until": ("Alerts rest until", "경보 보류 기한"),
        "snooze_typology": ("Alerts that rest", "보류할 유형"),
        "shared_kind": ("What is shared", "공유 대상의 종류"),
        "shared_token": ("Shared thing", "공유 대상"),
        "alert_id": ("Alert", "경보"),
        "verdict": ("Verdict", "판정"),
        "reason_hash": ("Reason's fingerprint", "판정 사유 지문"),
        "investigator": ("Officer", "담당관"),
        "decided_at": ("When", "일시"),
        "amount_krw": ("Confirmed amount", "확인 금액"),
        "legal_basis": ("Legal basis", "법적 근거"),
        "sanction": ("Sanction", "조치"),
        "office": ("Office", "부서"),
        "voluntary": ("Corrected by the party itself", "자진 시정"),
        "notes": ("Mended at the door", "접수 시 보정"),
        "previous": ("Former tokens", "이전 토큰"),
        "identity": ("Fingerprint of its identity", "식별 지문"),
        "body": ("Fingerprint of its content", "내용 지문"),
        "former": ("Former fingerprints", "이전 지문"),
        "configuration": ("Tables", "설정 항목"),
        "approvals": ("Approved by", "승인"),
        "partition": ("Partition that tells", "알린 파티션"),
        "number": ("Number of what it told", "알림 번호"),
        "told": ("What it tells", "알린 내용"),
    }
)

# what a partition told (detectors/contracts/learning.py)
TOLD = split_by_language(
    {
        "score_counts": ("{count} scores", "점수 {count}건"),
        "lesson": ("what a verdict teaches", "판정에서 얻은 학습"),
        "drift": ("a drift: {drift}", "거래 흐름의 변화: {drift}"),
    }
)

# what is watched for drift (detectors/memory/day_measures.py)
MEASURES_KO = {
    "amount": "금액",
    "hour": "거래 시각",
    "undocumented": "증빙 없는 비율",
    "deal_rate": "기준환율과의 차이",
    "strangeness": "이례성",
}

# as Python writes a boolean
YES_OR_NO = {"True": ("yes", "예"), "False": ("no", "아니요")}

_VALUES = {
    "direction": DIRECTIONS,
    "status": STATUSES,
    "party_type": phrases.TYPES,
    "channel": {
        "branch": ("branch", "영업점"),
        "web": ("web", "인터넷"),
        "app": ("app", "모바일"),
        "small_remitter": ("small remitter", "소액해외송금업자"),
        "card": ("card", "카드"),
        "exchanger": ("exchanger", "환전영업자"),
        "interbank": ("interbank", "은행 간"),
    },
    "evidence": {
        "none": ("no documents seen", "증빙 없음"),
        "exempt": ("exempt from documents", "증빙 면제"),
        "shown": ("documents shown", "증빙 제시"),
        "verified": ("documents verified", "증빙 확인"),
    },
    "report_type": {
        "offset": ("offset of claims", "상계"),
        "third_party": ("payment by or to a third party", "제3자 지급·수령"),
        "capital": ("capital transaction", "자본거래"),
        "prepayment": ("prepayment", "사전 지급"),
        "other": ("other", "기타"),
    },
    "trade_terms": {
        "advance": ("paid in advance", "사전 송금"),
        "sight": ("at sight", "일람불"),
        "usance": ("usance", "기한부"),
        "open_account": ("open account", "사후 송금"),
        "consignment": ("consignment", "위탁 판매"),
        "transit": ("transit trade", "중계무역"),
    },
    "kind": {"import": ("import", "수입"), "export": ("export", "수출")},
    "size": {"small": ("small", "소규모"), "medium": ("medium", "중간 규모"), "large": ("large", "대규모")},
    "verdict": {
        "confirmed": ("confirmed", "의심 확인"),
        "refuted": ("refuted", "의심 해소"),
        "inconclusive": ("inconclusive", "판단 보류"),
        "duplicate": ("duplicate", "중복 경보"),
        "withdrawn": ("withdrawn", "판정 철회"),
    },
    "residency": {
        "resident": ("resident", "거주자"),
        "foreign_resident": ("foreign resident", "외국인거주자"),
        "non_resident": ("non-resident", "비거주자"),
    },
    "designated_bank": YES_OR_NO,
    "voluntary": YES_OR_NO,
    "register": {
        "exchanger": ("exchanger", "환전영업자"),
        "small_remitter": ("small remitter", "소액해외송금업자"),
        "specialised": ("other specialised foreign exchange business", "기타전문외국환업무 등록자"),
    },
    "shared_kind": {
        "counterparty": ("foreign party", "해외 상대방"),
        "account": ("foreign account", "해외 계좌"),
        "device": ("device", "접속기기"),
        "contact": ("contact", "연락처"),
        "goods": ("group of goods", "품목군"),
        "resident": ("resident", "거주자"),
    },
    "sanction": {
        "none": ("none", "조치 없음"),
        "warning": ("warning", "경고"),
        "fine": ("fine", "과태료"),
        "referral": ("referral", "관계기관 이첩"),
    },
}
VALUES: dict[Language, dict[str, dict[str, str]]] = {
    lang: {field: split_by_language(codes)[lang] for field, codes in _VALUES.items()} for lang in LANGUAGES
}

# streams/contracts/identifiers.py, NOTES: what the door did to a field
NOTES = split_by_language(
    {
        "respelled": ("spelled anew", "표기 통일"),
        "placeholder": ("left out, because it names nobody", "특정인을 가리키지 않아 제외"),
        "report_form": ("no report number in a known form", "알려진 신고번호 형식이 아님"),
        "minor_units": ("given in minor units", "보조 단위로 기재됨"),
        "withheld": ("not passed on", "전달하지 않음"),
    }
)


def value_in_words(field: str, value: str, lang: Language) -> str:
    """What a code of the contract means; any other value as it stands."""
    return VALUES[lang].get(field, {}).get(value, value)
