"""What a sender can do about a record that ingest would not admit, by the code of its fault.

What was expected at the place stands beside it; this is the next step, in the options of `fxwatch publish`.
"""

_A_LINE = "write one JSON object a line; a file of payment messages is named .xml, .fin or .mt103"
_ADVICE = {
    "publish.line": _A_LINE,
    "json.malformed": _A_LINE,
    "json.not_object": "write one JSON object a line (jq -c '.[]' makes lines of a list)",
    "utf8.invalid": "write the file in UTF-8 (iconv -f CP949 -t UTF-8, or whatever it is written in)",
    "message.resident": "leave out what does not cross the border (--partial); if it does, the message must tell both "
    "countries, and --resident-country the reporting one",
    "message.type": "leave it out (--partial), or send what is named there instead",
    "message.returned": "leave it out (--partial); send it as a JSON line with status returned and original_event_id",
    "message.nak": "leave it out (--partial): no payment was made by it",
    "message.test": "leave it out (--partial): a test message is no payment",
    "message.identifier": "--institution-numbers lets a customer number or an account identify a party; --party-type "
    "says what it is where the messages do not, one kind a run; --institution names the "
    "reporting bank",
    "message.time": "give the option that is named there, or get a message that tells its time with an offset",
    "message.count": "the file does not hold what it says: get it again from who sent it",
    "message.parameter": "give the option that is named; docs/FORMATS.md says what each is for",
    "xml.encoding": "write it in UTF-8 (iconv -f ISO-8859-1 -t UTF-8), and let the XML declaration say so",
    "xml.document_type": "take the DOCTYPE out of the file: nothing of a message stands in it",
    "fin.malformed": "mend the line that is named (ASCII only: umlauts are written out); of a damaged or cut file get "
    "another copy from who sent it",
    "identifier.placeholder": "get the identification from who sent it; a placeholder identifies nobody",
    "time.future": "of a message sent ahead of its value date say the day of order (--order-date), or send it "
    "when its time has come",
    "timestamp.missing": "leave timestamp_ms out of the envelope, so that the time of sending is taken",
    "history.not_allowed": "allow it in [[admission.history]] of the workers' configuration, or leave --history out",
    "key.mismatch": "leave the key out of the line: it is made from the body",
}
_BY_KIND = {
    "xml": "the file is damaged, cut, or no XML: get it again from who sent it",
    "size": "send less in one record: a line is one event, and a large file can be parted",
    "signature": "sign with --sign-key FILE, a key whose public half the workers' FXWATCH_SENDER_KEYS_FILE names",
    "message": "get the message again from who sent it; docs/FORMATS.md says what is read",
    "door": "this is a fault of fxwatch: report it",
}
# for what stands in a field, where what was expected says it all
GENERAL = "mend it where the record is made; `fxwatch schemas` writes the contract, field by field"


def advice(code: str) -> str:
    """The next step for a fault's code; some step for every code."""
    return _ADVICE.get(code) or _BY_KIND.get(code.partition(".")[0], GENERAL)
