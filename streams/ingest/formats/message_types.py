"""What SWIFT's message types are, other than the MT103: so that a refusal says what came and what to do.

From the public list of message types (SWIFT User Handbook, "Message Type Overview"), in our own words.
"""

_PAYMENT_BEHIND = "the payment is the MT103 that follows: send that"
_TOLD_AFTER = "send the payment itself, not what is told of it afterwards"
_NOT_CUSTOMERS = "no customer's payment: leave it out"
_CONTRACT = "send it as the contract's own record"
_CANCELLATION = f"to cancel a payment {_CONTRACT}, with status cancelled and original_event_id"
_NO_PAYMENT = "no payment: leave it out"
_TYPES = {
    "010": ("a warning of the network that a message was not delivered yet", _NO_PAYMENT),
    "011": ("a notice of the network that a message was delivered", _NO_PAYMENT),
    "012": ("a notice of the network that a message was passed on", _NO_PAYMENT),
    "015": ("a late refusal by the network of a message sent", "its MT103 is no payment: leave both out"),
    "019": ("a notice of the network that a message was aborted", "its MT103 is no payment: leave both out"),
    "101": ("a customer's request for transfers to its bank", _PAYMENT_BEHIND),
    "102": ("several customers' transfers in one message", f"not read: {_CONTRACT}, one a transfer"),
    "104": ("a direct debit, or a request for one", f"not read: {_CONTRACT}"),
    "107": ("a general direct debit", f"not read: {_CONTRACT}"),
    "110": ("an advice of cheques", _NO_PAYMENT),
    "111": ("a request to stop payment of a cheque", _NO_PAYMENT),
    "112": ("the status of a request to stop payment of a cheque", _NO_PAYMENT),
    "200": ("a transfer of a financial institution to its own account", _NOT_CUSTOMERS),
    "201": ("transfers of a financial institution to its own accounts", _NOT_CUSTOMERS),
    "202": ("a transfer between financial institutions", _NOT_CUSTOMERS),
    "203": ("transfers between financial institutions", _NOT_CUSTOMERS),
    "204": ("direct debits of financial markets", _NOT_CUSTOMERS),
    "205": ("a transfer between financial institutions of one country", _NOT_CUSTOMERS),
    "210": ("a notice that funds will be received", _TOLD_AFTER),
    "300": ("a confirmation of a foreign exchange deal", _NO_PAYMENT),
    "900": ("a confirmation of a debit", _TOLD_AFTER),
    "910": ("a confirmation of a credit", _TOLD_AFTER),
    "920": ("a request for a statement", _NO_PAYMENT),
    "940": ("a statement of a customer's account", _TOLD_AFTER),
    "941": ("a report of balances", _NO_PAYMENT),
    "942": ("an interim report of an account", _TOLD_AFTER),
    "950": ("a statement of an account", _TOLD_AFTER),
}
# n90 to n99 are the same in every category
_COMMON = {
    "90": ("an advice of charges or interest", _NO_PAYMENT),
    "91": ("a request for payment of charges or interest", _NO_PAYMENT),
    "92": ("a request for cancellation", _CANCELLATION),
    "95": ("a query", _NO_PAYMENT),
    "96": ("an answer to a query", _NO_PAYMENT),
    "98": ("a message of the banks' own form", _NO_PAYMENT),
    "99": ("a free text", _NO_PAYMENT),
}
_CATEGORIES = {
    "0": "a message of the network's system",
    "1": "of customer payments and cheques, but no single transfer",
    "2": "of transfers between financial institutions",
    "3": "of treasury markets: foreign exchange, money markets, derivatives",
    "4": "of collections and cash letters",
    "5": "of securities",
    "6": "of commodities, syndications and reference data",
    "7": "of documentary credits and guarantees",
    "8": "of travellers cheques",
    "9": "of cash management and customer status",
}


def describe_type(number: str, *, cover: bool = False) -> str:
    """What a message of this type is and what to do, as `MT202, a transfer between ...; no customer's payment`.

    `number` is the type's three digits; `cover`: whether it is a cover (MT202 COV, MT205 COV), by its user header.
    """
    if cover and number in ("202", "205"):
        return f"MT{number} COV, the cover of a customer's payment; the payment is the MT103 that it covers: send that"
    common = _COMMON.get(number[1:]) if number[0] != "0" else None
    what, todo = _TYPES.get(number) or common or (_CATEGORIES[number[0]], _NO_PAYMENT)
    return f"MT{number}, {what}; {todo}"
