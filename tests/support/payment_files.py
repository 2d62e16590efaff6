"""Small payment messages as text, with invented parties: relatives of what the first users' files held."""

from datetime import UTC, datetime

TOLD = ("--resident-country", "KR", "--party-type", "company", "--channel", "interbank", "--institution-numbers")
"""What publish must be told for them."""
# of a date long ago, so that it is never in the future
_WHEN = datetime(2026, 3, 10, tzinfo=UTC)
_FIN = """{{1:F01BKGGKRSEAXXX000000000{number}}}{{2:I103DEUTDEFFXXXXN}}{{3:{{121:{uetr}}}}}{{4:
:20:REF{number}
:23B:CRED
:32A:{date:%y%m%d}USD1000,
:50K:/123
ANN EXAMPLE
:59:/DE1
BOB EXAMPLE
:71A:SHA
-}}
"""
MT202 = """{1:F01BKGGKRSEAXXX0000000002}{2:I202DEUTDEFFXXXXN}{4:
:20:X
:21:Y
:32A:260310USD1,
:58A:DEUTDEFF
-}
"""
"""A transfer between banks: no customer's payment."""
_TRANSFER = (
    "<CdtTrfTxInf><PmtId><EndToEndId>E1</EndToEndId><UETR>{number}3333333-3333-4333-8333-333333333333</UETR></PmtId>"
    '<IntrBkSttlmAmt Ccy="USD">1000.00</IntrBkSttlmAmt><ChrgBr>SHAR</ChrgBr>'
    "<Dbtr><Nm>ANN EXAMPLE</Nm><PstlAdr><Ctry>KR</Ctry></PstlAdr></Dbtr>"
    "<DbtrAcct><Id><Othr><Id>123</Id></Othr></Id></DbtrAcct>"
    "<DbtrAgt><FinInstnId><BICFI>BKGGKRSE</BICFI></FinInstnId></DbtrAgt>"
    "<CdtrAgt><FinInstnId><BICFI>{bank}</BICFI></FinInstnId></CdtrAgt>"
    "<Cdtr><Nm>BOB EXAMPLE</Nm><PstlAdr><Ctry>{country}</Ctry></PstlAdr></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>456</Id></Othr></Id></CdtrAcct></CdtTrfTxInf>"
)
ABROAD = _TRANSFER.format(number=1, bank="BOFAUS3N", country="US")
DOMESTIC = _TRANSFER.format(number=2, bank="SHBKKRSE", country="KR")
"""A payment that does not cross the border."""


def fin(number: int = 1, date: datetime = _WHEN) -> str:
    """An MT103 with a value date and no time."""
    return _FIN.format(number=number, date=date, uetr=f"{number}1111111-1111-4111-8111-111111111111")


def xml(*more: str) -> str:
    """A pacs.008 of one payment abroad and `more` payments."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08">'
        "<FIToFICstmrCdtTrf><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-10T09:00:00+09:00</CreDtTm>"
        f"<NbOfTxs>{1 + len(more)}</NbOfTxs><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>"
        f"{''.join((ABROAD, *more))}</FIToFICstmrCdtTrf></Document>"
    )
