"""How far two banks' amounts of one payment may differ: by what banks charge on the way.

Charges are fees of a fixed size with a small share beside. Banks between take 15 to 50 USD each (tariffs of payment
institutions, 2025); sending 200 USD through a bank costs 23 USD on average (World Bank, Remittance Prices Worldwide,
issue 47, 2023: 11.5 %), in the dearest corridor 43. So two banks in between and the receiving one take some 100 USD.
The share stands for commissions, which banks' tariffs put between 0.1 and 0.25 % at each end, and for the rate of a
day between.
Failure prevented: by twice or half, the former bound, a bank could take another's payment of 100 000 for its own of
50 001 and put that in its place.
"""

from detectors.books.payments import Payment

FLAT_CENTS = 100_00
# 1 %, in hundredths
SHARE = 1


def apart_by_charges(paid: Payment, amount: int, exponent: int) -> bool:
    """Whether an amount (over 10 ** `exponent`, in the payment's currency) and the payment's may be of one transfer.

    The flat part is converted as the payment was; without a rate the share alone counts. Cost: 1 us.
    """
    base, other = paid.amount * int(10**exponent), amount * int(10**paid.exponent)
    apart = abs(base - other)
    if apart * 100 <= base * SHARE:
        return True
    # apart <= base * SHARE / 100 + base * FLAT_CENTS / paid.usd, without a division
    return apart * 100 * paid.usd <= base * (SHARE * paid.usd + 100 * FLAT_CENTS) if paid.usd > 0 else False
