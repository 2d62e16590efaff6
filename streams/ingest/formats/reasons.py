"""Why a place of a message has no field in the contract: what is said of it in the report."""

_PACS008 = {
    "GrpHdr/MsgId": "number of the message, not of a payment",
    "GrpHdr/CreDtTm": "time of the message; the payment's own time was taken, or none could be",
    "GrpHdr/CtrlSum": "a total over the message; not checked",
    "GrpHdr/TtlIntrBkSttlmAmt": "a total over the message; not checked",
    "GrpHdr/SttlmInf": "how the institutions settle among themselves",
    "CdtTrfTxInf/PmtId/InstrId": "a further reference; event_id comes from a better one",
    "CdtTrfTxInf/PmtId/TxId": "a further reference; event_id comes from a better one",
    "CdtTrfTxInf/PmtId/EndToEndId": "the debtor's own reference: not unique among payments, often NOTPROVIDED",
    "CdtTrfTxInf/PmtTpInf": "service level and type of instrument",
    "CdtTrfTxInf/IntrBkSttlmDt": "value date: the contract has the time of order or booking only",
    "CdtTrfTxInf/ChrgBr": "who bears charges",
    "CdtTrfTxInf/ChrgsInf": "charges",
    "CdtTrfTxInf/Purp": "an ISO purpose, not a code of the reporting scheme (parameter transaction_purpose)",
    "CdtTrfTxInf/RgltryRptg": "regulatory reporting that is not a code for the resident country",
    "CdtTrfTxInf/InstrForNxtAgt": "free instruction without a code for the resident country",
    "CdtTrfTxInf/InstrForCdtrAgt": "free instruction",
    "CdtTrfTxInf/RmtInf/Strd": "structured remittance information",
    "CdtTrfTxInf/Tax": "tax",
    "CdtTrfTxInf/UltmtDbtr": "a party on the debtor's side; only the other side's ultimate party has a field",
    "CdtTrfTxInf/UltmtCdtr": "a party on the creditor's side, or without an identification",
    "CdtTrfTxInf/Dbtr": "name, address or details of the debtor beyond an identification",
    "CdtTrfTxInf/Cdtr": "name, address or details of the creditor beyond an identification",
    "CdtTrfTxInf/DbtrAcct": "details of an account beyond its number",
    "CdtTrfTxInf/CdtrAcct": "details of an account beyond its number",
    "CdtTrfTxInf/DbtrAgt": "details of the debtor's bank beyond its BIC, country and branch",
    "CdtTrfTxInf/CdtrAgt": "details of the creditor's bank beyond its BIC, country and branch",
    "CdtTrfTxInf/DbtrAgtAcct": "how the institutions settle among themselves",
    "CdtTrfTxInf/CdtrAgtAcct": "how the institutions settle among themselves",
    "CdtTrfTxInf/IntrmyAgt": "an institution on the way",
    "CdtTrfTxInf/PrvsInstgAgt": "an institution on the way",
    "CdtTrfTxInf/InstgAgt": "an institution on the way",
    "CdtTrfTxInf/InstdAgt": "an institution on the way",
    "GrpHdr/IntrBkSttlmDt": "value date: the contract has the time of order or booking only",
    "CdtTrfTxInf/AccptncDtTm": "a time without an offset; another was taken, or none could be",
    "CdtTrfTxInf/SttlmTmIndctn": "time of settlement between the institutions; another was taken, or none could be",
    "CdtTrfTxInf/SplmtryData": "supplementary data of a scheme",
    "AppHdr": "business application header: of the message, not of the payment",
}
_MT103 = {
    "1": "basic header of the network",
    "2": "application header of the network",
    "3": "user header",
    "5": "trailer of the network",
    "5/PDE": "sent possibly a second time: event_id, the same then, tells the two as one",
    "5/PDM": "delivered possibly a second time: event_id, the same then, tells the two as one",
    "acknowledgement": "the network's acknowledgement of the message",
    "S": "block of the interface, not of the message",
    "4/20": "sender's reference; event_id comes from the UETR",
    "4/13C": "a time indication that is not of debit or credit",
    "4/23B": "type of operation",
    "4/23E": "instruction",
    "4/26T": "transaction type code, not a code of the reporting scheme (parameter transaction_purpose)",
    "4/32A": "value date: the contract has the time of order or booking only",
    "4/50": "name, address or details of the ordering customer beyond an identification",
    "4/51": "sending institution",
    "4/52": "details of the ordering institution beyond its BIC",
    "4/53": "how the institutions settle among themselves",
    "4/54": "how the institutions settle among themselves",
    "4/55": "how the institutions settle among themselves",
    "4/56": "an institution on the way",
    "4/57": "details of the account-with institution beyond its BIC",
    "4/59": "name, address or details of the beneficiary beyond an identification",
    "4/71": "charges",
    "4/72": "free instruction between institutions",
    "4/77B": "regulatory reporting that is not a code for the resident country",
    "4/77T": "remittance envelope",
}
_GENERAL = "no field of the contract holds it"


def reason(path: str, format_name: str) -> str:
    """The reason for a place, by the longest known beginning of its path without numbers in brackets."""
    table = _MT103 if format_name == "MT103" else _PACS008
    plain = _plain(path, format_name)
    found = [known for known in table if plain.startswith(known)]
    return table[max(found, key=len)] if found else _GENERAL


def _plain(path: str, format_name: str) -> str:
    steps = [step.partition("[")[0].rpartition("}")[2] for step in path.split("/")]
    if format_name == "MT103":
        return "/".join(steps[1:] if steps[0] == "message" else steps)
    starts = [place for place, step in enumerate(steps) if step in ("GrpHdr", "CdtTrfTxInf", "AppHdr")]
    return "/".join(steps[starts[0] :] if starts else steps)
