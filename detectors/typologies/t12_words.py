"""T12's own words: its sentences and tests in English and Korean, and the Korean of its alerts' English."""

from typing import NamedTuple

from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import DatedLimit, Limits
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.firm import kind_of
from detectors.typologies.kept_payments import Kept
from detectors.typologies.t12_past import DRIFT_DAYS, KINDS, NEW, Purposes
from detectors.values.money import plain
from detectors.wording import phrases

# what each kind of purpose is called, in the order of `KINDS`
NAMES = (
    ("imported goods", "수입대금"),
    ("exported goods", "수출대금"),
    ("services", "용역"),
    ("wages", "급여"),
    ("gifts", "증여"),
    ("studies", "유학"),
    ("living abroad", "해외체재·생활비"),
    ("capital", "자본거래"),
    ("other purposes", "기타"),
)
# What the text of a payment may rightly say of a kind (classes of the word list, by the shipped names); a class that
# stands with no kind here, such as gambling, is another purpose than any that is stated.
CLASSES = {"tuition": ("study", "living"), "goods": ("import",), "property": ("capital",)}
WORDS = Words(
    measured={
        "odd_payments": Word("평소와 다른 사유의 지급"),
        "odd_sum": Word("평소와 다른 사유의 지급 합계"),
        "odd_without_document": Word("그중 증빙서류 없는 지급 합계"),
        "usual_payments": Word("과거 지급"),
        "chance_of_purposes": Word("과거 사유로 본 확률"),
    },
    windows=((r"odd purposes of (\d+) days", "최근 {}일간 평소와 다른 사유의 지급"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 15(1), FX Transactions Regulation art. 4-3(2) and 4-5: who pays abroad "
        "says what for, and shows it; an indicator": "외국환거래법 제15조제1항, 외국환거래규정 제4-3조제2항, 제4-5조"
        "(지급 사유와 증빙서류), 확인이 필요한 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank for the documents of each payment, and who issued them",
        "각 지급의 증빙서류와 그 발급자를 은행에 확인하십시오",
    ),
    Said(
        "For studies and living abroad: ask the school or the immigration record whether the student is there",
        "유학·해외체재 자금이라면 학교와 출입국 기록으로 실제 체류 여부를 확인하십시오",
    ),
    Said(
        "Look at who the payees are, and whether other remitters pay them under the same purpose",
        "수취인이 누구이며 다른 송금인이 같은 사유로 지급하는지 확인하십시오",
    ),
    Said(
        "Trace where the money came from before it was sent",
        "송금 전 자금의 출처를 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "the payments were for something else than was stated or shown",
        "실제 원인이 신청한 사유나 제출한 증빙서류와 다른 지급이었다면",
    ),
)


class Drift(NamedTuple):
    """A series' payments in order of time, the past beside them, and how likely that makes them; None for studies."""

    series: str
    payments: list[Kept]
    past: Purposes
    chance: float | None


def _kinds(drift: Drift) -> dict[int, int]:
    """Odd payments by kind, the most first."""
    found: dict[int, int] = {}
    for one in drift.payments:
        found[one.tag % len(KINDS)] = found.get(one.tag % len(KINDS), 0) + 1
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _bare(drift: Drift) -> int:
    return sum(one.usd for one in drift.payments if one.tag % NEW < len(KINDS))


def measured(drift: Drift) -> tuple[Measured, ...]:
    """The figures of the drift and of the past."""
    return (
        Measured(name="odd_payments", value=len(drift.payments), unit="count"),
        Measured(name="odd_sum", value=plain(sum(one.usd for one in drift.payments)), unit="USD"),
        Measured(name="odd_without_document", value=plain(_bare(drift)), unit="USD"),
        Measured(name="usual_payments", value=drift.past.total, unit="count"),
        *(
            []
            if drift.chance is None
            else [Measured(name="chance_of_purposes", value=float(f"{drift.chance:.2g}"), unit="")]
        ),
    )


def _listed(counts: dict[int, int], place: int) -> str:
    """Kinds with how often each, such as `studies (5)`."""
    return ", ".join(f"{NAMES[kind][place]} ({count})" for kind, count in counts.items())


def sentences(limits: Limits, drift: Drift) -> tuple[str, str]:
    """What was found."""
    past, most = drift.past, limits["surprise_max"]
    usual = {kind: past.count(kind) for kind in range(len(KINDS)) if past.count(kind)}
    usual = dict(sorted(usual.items(), key=lambda each: (-each[1], each[0])))
    total, bare = sum(one.usd for one in drift.payments), _bare(drift)
    odd, count = _kinds(drift), len(drift.payments)
    if drift.chance is None:
        return _of_studies(limits["study_min"], count, total, bare)
    rare, (papers, papers_ko) = phrases.below(drift.chance, most.number), _papers(total, bare)
    english = (
        f"This person's {phrases.counted(past.total, 'usual payment was', 'usual payments were')} for "
        f"{_listed(usual, 0)}. Within {DRIFT_DAYS} days {phrases.counted(count, 'payment', 'payments')} of "
        f"{phrases.usd(total)} followed for {_listed(odd, 0)}, {papers}. By that past such a series has a chance of "
        f"{rare}; below {most.number} it is told ({phrases.basis(most)}). Lives change: what the payments were for "
        f"requires a check."
    )
    korean = (
        f"이 개인의 평소 지급 {past.total}건은 {_listed(usual, 1)}입니다. 이후 {DRIFT_DAYS}일 동안 {_listed(odd, 1)} "
        f"사유로 {count}건, 합계 {phrases.usd_ko(total)}가 지급되었고, {papers_ko}. "
        f"과거 사유로 보아 이러한 지급이 이어질 확률은 {rare}이며, 기준은 "
        f"{most.number} 미만입니다({phrases.basis_ko(most)}). 생활의 변화일 수 있으므로 실제 사유의 확인이 필요합니다."
    )
    return english, korean


def _papers(total: int, bare: int) -> tuple[str, str]:
    """What is known of the documents of payments of so many cents, `bare` of them without any."""
    if bare == total:
        return "all of it without any document", "모두 증빙서류가 없습니다"
    if not bare:
        return "none of it with documents that the bank verified", "은행이 확인한 증빙서류는 없습니다"
    return (
        f"{phrases.usd(bare)} of it without any document and none with documents that the bank verified",
        f"그중 {phrases.usd_ko(bare)}는 증빙서류가 없으며 은행이 확인한 증빙서류는 없습니다",
    )


def _of_studies(least: DatedLimit, count: int, total: int, bare: int) -> tuple[str, str]:
    """The sentences where it is the study money alone."""
    papers, papers_ko = _papers(total, bare)
    english = (
        f"Within {DRIFT_DAYS} days this person, not known to have paid for studies before, made "
        f"{phrases.counted(count, 'payment', 'payments')} of {phrases.usd(total)} for studies, {papers}. "
        f"From {phrases.usd(least.cents)} on it is told "
        f"({phrases.basis(least)}). Whether there is a student requires a check."
    )
    korean = (
        f"과거 유학 지급이 확인되지 않은 이 개인은 {DRIFT_DAYS}일 동안 유학 사유로 {count}건, 합계 "
        f"{phrases.usd_ko(total)}를 지급하였고, {papers_ko}. 기준은 {phrases.usd_ko(least.cents)}입니다"
        f"({phrases.basis_ko(least)}). 실제 유학생이 있는지 확인이 필요합니다."
    )
    return english, korean


def law_tests(context: Context, drift: Drift) -> tuple[LawTest, ...]:
    """The tests of the definition; the figures are our own."""
    classes = context.transaction.remittance_classes
    kind = kind_of(context, context.payment.purpose)
    stays, bank = kind in ("study", "living"), context.transaction.designated_bank
    other = any(kind not in CLASSES.get(one, ()) for one in classes)
    return (
        law_test(
            "purposes_unusual",
            "The purposes hardly occur in the person's own past; the figures are fxwatch's own",
            "해당 사유는 당사자의 과거 지급에 거의 없음. 수치는 시스템 기본값임",
            holds=True if drift.series == "drift" else None,
        ),
        law_test(
            "no_verified_documents",
            "The bank verified the documents of none of these payments (Regulation art. 4-3(2), 4-5)",
            "은행이 증빙서류를 확인한 지급이 없음(외국환거래규정 제4-3조제2항, 제4-5조)",
            holds=True,
        ),
        law_test(
            "without_documents",
            "At least one of them has no document at all",
            "증빙서류가 전혀 없는 지급이 있음",
            holds=_bare(drift) > 0,
        ),
        law_test(
            "text_of_another_purpose",
            "The payment's text speaks of another purpose than is stated",
            "송금 내용이 신청한 사유와 다른 사유를 나타냄",
            holds=other if classes else None,
            missing=None if classes else "transactions.remittance_info",
        ),
        law_test(
            "designated_bank",
            "Payments for studies or a stay abroad went through the bank that the person designated (Regulation art. "
            "4-5(2))",
            "유학·해외체재 지급이 지정거래외국환은행을 통하여 이루어짐(외국환거래규정 제4-5조제2항)",
            holds=bank if stays else None,
            missing="transactions.designated_bank" if stays and bank is None else None,
        ),
        law_test(
            "student_or_stay",
            "A student or a stay abroad stands behind payments for studies or living; no field tells it",
            "유학·해외체재 지급의 경우 실제 유학생 또는 체재자가 있음. 알 수 있는 항목 없음",
            holds=None,
        ),
    )
