"""River's recipe is River's own."""

from detectors.testbed.baselines import REGISTRY
from tests.support.synthetic_result import columns_of, payment


def test_river_recipe_is_rivers_own():
    """The baseline's scores are those of River's pipeline on the same columns, event by event."""
    from river import anomaly, preprocessing

    rows = [
        payment(
            f"e{n}",
            "p",
            n / 40,
            usd=float(n * 37 % 9000),
            deviation=float(n % 11),
            direction="in" if n % 3 else "out",
            evidence="none" if n % 5 else "invoice",
            party_type="person" if n % 7 else "company",
        )
        for n in range(300)
    ]
    columns = columns_of(*rows)
    model, expected = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=9), []
    for row, given in enumerate(rows):
        event = {
            "amount_usd": given["usd"],
            "hour": int(columns.hour[row]),
            "weekday": int(columns.weekday[row]),
            "deal_deviation_bp": given["deviation"],
            "outgoing": int(given["direction"] == "out"),
            "no_document": int(given["evidence"] == "none"),
            "person": int(given["party_type"] == "person"),
        }
        expected.append(model.score_one(event))
        model.learn_one(event)
    assert REGISTRY["river_recipe"].score(columns, 9).tolist() == expected
    assert expected[-1] > 0.0
