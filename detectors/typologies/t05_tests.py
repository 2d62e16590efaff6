"""T05's tests of the supervisor's criteria with their outcomes, its next steps, and the sanctions that may apply."""

from detectors.contracts.alert import LawTest
from detectors.contracts.limits import Limits
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction
from detectors.typologies.t05_measures import Measures, set_up_since
from detectors.wording.phrases import date_ko

NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank for the firm's account statement of the days before each payment and who the payers were",
        "각 송금 전 며칠간의 계좌 입출금 내역과 입금인을 은행에 확인하십시오",
    ),
    Said(
        "Compare the payments with contracts, invoices and the firm's customs declarations",
        "송금 내역을 계약서, 송장 및 수입신고 내역과 대조하십시오",
    ),
    Said(
        "Check the firm's office, staff, capital and line of business, and who its officers are",
        "업체의 사업장, 직원, 자본금, 업종과 임원을 확인하십시오",
    ),
    Said(
        "Look whether other firms share its officers, branch, payee or device",
        "임원, 영업점, 수취인 또는 기기를 공유하는 다른 업체가 있는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "the payments had no underlying deal, or another one than the documents say",
        "원인거래가 없거나 증빙서류와 다른 거래의 지급이었다면",
    ),
    Sanction(
        "act_8",
        "the firm transferred value for others as a business without registration",
        "등록 없이 타인을 위한 외국환업무를 업으로 한 것이라면",
    ),
)


def law_tests(limits: Limits, measures: Measures, *, told: bool) -> tuple[LawTest, ...]:
    """The tests of 2022-07; one whose limit is not in force yet cannot be told. `told`: an inflow was, be it none."""
    firm = measures.firm
    sent, times, branch = (limits.get(name) for name in ("sent_min", "capital_multiple", "branch_share"))
    since = set_up_since(limits)
    when, when_ko = ("the supervisor's date", "감독당국이 정한 날") if since is None else (str(since), date_ko(since))
    # what was fed is known, whether this payment tells of an inflow or not
    frequent = measures.frequent or (False if told else None)
    multiple = None if times is None or measures.multiple is None else measures.multiple >= times.number
    part = None if branch is None or measures.branch is None else measures.branch >= branch.number
    return (
        law_test(
            "set_up_since",
            f"The firm was set up on or after {when} (FSS 2022-07)",
            f"{when_ko} 이후 설립된 업체임(금융감독원 2022년 7월)",
            holds=firm.new,
            missing="profiles.registered_on" if firm.new is None and since is not None else None,
        ),
        law_test(
            "sent_amount",
            "It sent the amount from which the supervisor had firms examined (FSS 2022-07)",
            "감독당국이 점검 대상으로 정한 금액 이상을 송금함(금융감독원 2022년 7월)",
            holds=None if sent is None else measures.total >= sent.cents,
        ),
        law_test(
            "multiple_of_capital",
            "It sent the published multiple of its capital (FSS 2022-07)",
            "자본금 대비 공표된 배수 이상을 송금함(금융감독원 2022년 7월)",
            holds=multiple,
            missing="profiles.capital_krw" if measures.multiple is None else None,
        ),
        law_test(
            "frequent_linked_inflow",
            "Money came in often from accounts linked to crypto-asset exchanges (FSS 2022-07; the number is our own)",
            "가상자산거래소 연계 계좌에서 빈번하게 입금됨(금융감독원 2022년 7월, 횟수는 시스템 기준)",
            holds=frequent,
            missing="transactions.exchange_linked_inflow_24h" if frequent is None else None,
        ),
        law_test(
            "one_branch",
            "One branch has the published share of its payments (FSS 2022-07)",
            "한 영업점의 송금 비중이 공표된 비율 이상임(금융감독원 2022년 7월)",
            holds=part,
            missing="transactions.branch" if measures.branch is None else None,
        ),
    )
