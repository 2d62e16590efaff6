"""What every registered detector must hold to, by contract: River's own checks and ours."""

import doctest
import importlib
import math
import pkgutil
import random
from collections.abc import Iterator

import pytest
import river.checks
from river.base import AnomalyDetector

import detectors.models
from detectors.features import NAMES
from detectors.models import REGISTRY as MEMBERS
from detectors.models import Member, compiled_code
from detectors.ranking.fused_members import FusedMembers

SEED = 11
# The fusion is a detector as its members are, and is held to the same.
REGISTRY: dict[str, type[Member]] = {**MEMBERS, "fused_members": FusedMembers}
EVERY = pytest.mark.parametrize("name", sorted(REGISTRY))
# Those whose credits add up to the score. Trees credit path shares, which add up to a score of their own.
ADDITIVE = sorted(set(REGISTRY) - {"half_space_trees"})
# What a missing feature would have added to a score, where a feature's usual term is taken off.
USUAL_TERM = {"robust_z": 0.8, "windowed_tails": 1.0}


@pytest.fixture(autouse=True, params=["compiled", "plain"])
def code(request, monkeypatch):
    """All of it with compiled code, and again with plain Python, which runs where nothing can be compiled."""
    if request.param == "plain":
        monkeypatch.setattr(compiled_code, "kernels", lambda: None)
    elif compiled_code.kernels() is None:
        pytest.skip(compiled_code.prepare().said)


def events(
    count: int, seed: int = 3, odd: float = 0.03, missing: float = 0.2
) -> Iterator[tuple[dict[str, float], bool]]:
    """Deviations of ordinary events, some far out in three features at once, some features missing."""
    rng = random.Random(seed)
    for _ in range(count):
        x = {name: rng.gauss(0, 1) for name in NAMES if rng.random() > missing}
        far = rng.random() < odd
        if far:
            x |= {name: rng.choice((-1, 1)) * rng.uniform(5, 9) for name in NAMES[:3]}
        yield x, far


def _cases() -> list:
    """River's own list of checks for each detector, on our stream instead of River's, which it would download."""
    original = river.checks._yield_datasets
    river.checks._yield_datasets = lambda model, scale=1: iter([list(events(300 * scale))])
    try:
        return [
            pytest.param(name, check, id=f"{name}-{check.__name__}")
            for name, kind in sorted(REGISTRY.items())
            for check in river.checks.yield_checks(kind())
            # needs scikit-learn, and asks for an AUC of .5 only; test_higher_means_more_unusual asks for more
            if check.__name__ != "check_roc_auc"
        ]
    finally:
        river.checks._yield_datasets = original


@pytest.mark.parametrize(("name", "check"), _cases())
def test_river_accepts_the_detector(name, check):
    """Each of River's own checks for an anomaly detector passes."""
    check(REGISTRY[name]())


@EVERY
def test_is_an_anomaly_detector_of_river(name):
    """DESIGN section 5: only a River anomaly detector may score."""
    assert isinstance(REGISTRY[name].build({}, SEED), AnomalyDetector)


@EVERY
def test_scoring_learns_nothing_and_learning_counts_once(name):
    """Score-then-learn: a score changes no state; the counter says each event was learned exactly once."""
    model = REGISTRY[name].build({}, SEED)
    for count, (x, _) in enumerate(events(200)):
        before = model.to_state()
        model.score_one(x)
        model.explain_one(x)
        model.score_then_learn_one(x, learn=False)
        assert model.to_state() == before
        assert model.n_learned == count
        model.learn_one(x)
    assert model.n_learned == 200


@EVERY
def test_the_combined_call_equals_the_separate_ones(name):
    """score_then_learn_one gives the score and credits from before learning, bit for bit, and learns the same."""
    one, two = REGISTRY[name].build({}, SEED), REGISTRY[name].build({}, SEED)
    for x, _ in events(300):
        expected = two.score_one(x), two.explain_one(x)
        two.learn_one(x)
        assert one.score_then_learn_one(x) == expected
    assert one.to_state() == two.to_state()


@EVERY
def test_the_seed_decides_everything(name):
    """Two runs with one seed give equal scores and equal state, bit for bit."""
    runs = []
    for _ in range(2):
        model = REGISTRY[name].build({}, SEED)
        runs.append(([model.score_then_learn_one(x) for x, _ in events(400)], model.to_state()))
    assert runs[0] == runs[1]


@EVERY
@pytest.mark.parametrize("learned", [0, 1, 31, 500, 1200])
def test_state_survives_a_round_trip(name, learned):
    """A saved and loaded detector has the same bytes and goes on exactly as the one that was never saved."""
    stream = [x for x, _ in events(learned + 300)]
    model = REGISTRY[name].build({}, SEED)
    for x in stream[:learned]:
        model.learn_one(x)
    state = model.to_state()
    loaded = REGISTRY[name].from_state({}, SEED, state)
    assert loaded.to_state() == state
    for x in stream[learned:]:
        assert loaded.score_then_learn_one(x) == model.score_then_learn_one(x)
    assert loaded.to_state() == model.to_state()
    assert loaded.n_learned == learned + 300


@EVERY
def test_higher_means_more_unusual(name):
    """Planted far-out events rank above ordinary ones: AUC at least .95 (measured .992 to 1.0)."""
    model = REGISTRY[name].build({}, SEED)
    # one that looks for more than usual alone is given how much counts, as the scorer does, in columns of no side:
    # what is planted is on one side and a third of another, which it counts as one oddity and a little more
    sided = model.one_sided
    told = ({f"column_{key}": abs(value) for key, value in x.items()} if sided else x for x, _ in events(3000))
    scores = [(model.score_then_learn_one(x)[0], far) for x, (_, far) in zip(told, events(3000), strict=True)][1000:]
    odd, usual = [s for s, far in scores if far], [s for s, far in scores if not far]
    wins = sum((a > b) + 0.5 * (a == b) for a in odd for b in usual)
    assert wins / len(odd) / len(usual) > 0.95


@EVERY
def test_scores_and_credits_stay_in_range(name):
    """Scores are finite whatever finite numbers come in; credits are never negative."""
    model = REGISTRY[name].build({}, SEED)
    absurd = [{"amount_own": 1e300}, {"amount_own": -1e300}, {}, {"hour": 1e9}, dict.fromkeys(NAMES, 0.0)]
    for x in [x for x, _ in events(200)] + absurd * 40:
        score, credited = model.score_then_learn_one(x)
        assert math.isfinite(score)
        assert all(credit >= 0.0 for credit in credited.values())


@EVERY
def test_one_absurd_value_does_not_blind_it(name):
    """After a value of 1e9, scores still tell events apart and rank them as a detector that never saw it (rho > .9)."""
    clean, hit = REGISTRY[name].build({}, SEED), REGISTRY[name].build({}, SEED)
    stream = [x for x, _ in events(3200, odd=0.0, missing=0.0)]
    for index, x in enumerate(stream[:2200]):
        clean.learn_one(x)
        hit.learn_one(x | {"amount_own": 1e9} if index == 500 else x)
    a, b = [clean.score_one(x) for x in stream[2200:]], [hit.score_one(x) for x in stream[2200:]]
    rank = {id(s): [sorted(s).index(v) for v in s] for s in (a, b)}
    mean = (len(a) - 1) / 2
    top = sum((p - mean) * (q - mean) for p, q in zip(rank[id(a)], rank[id(b)], strict=True))
    norms = [math.sqrt(sum((p - mean) ** 2 for p in rank[id(s)])) for s in (a, b)]
    assert len(set(b)) > 100
    assert top / norms[0] / norms[1] > 0.9


@EVERY
def test_credits_name_the_feature_that_is_odd(name):
    """When one feature is far out, it has the largest credit in at least 80 % of events (measured 97 to 100 %)."""
    model = REGISTRY[name].build({}, SEED)
    for x, _ in events(2100, odd=0.0, missing=0.0):
        model.learn_one(x)
    right = 0
    for index, (x, _) in enumerate(events(200, seed=8, odd=0.0, missing=0.0)):
        odd = NAMES[index % len(NAMES)]
        credited = model.explain_one(x | {odd: 8.0})
        right += max(credited, key=credited.__getitem__) == odd
    assert right >= 160


@pytest.mark.parametrize("name", ADDITIVE)
def test_credits_add_up_to_the_score(name):
    """The sum of credits, less the usual term of each feature, is the score: odd events and missing features too."""
    model = REGISTRY[name].build({}, SEED)
    for index, (x, _) in enumerate(events(1500)):
        score, credited = model.score_then_learn_one(x)
        if index > 100 and x:
            assert math.fsum(credited.values()) - USUAL_TERM.get(name, 0.0) * len(x) == pytest.approx(score, abs=1e-9)


@EVERY
def test_a_new_feature_is_taken_up_and_a_missing_one_is_borne(name):
    """Both score as finite numbers at once. A registered feature that comes late counts as soon as it is known."""
    model = REGISTRY[name].build({}, SEED)
    late = NAMES[0]
    for x, _ in events(1100, odd=0.0, missing=0.0):
        x.pop(late)
        model.learn_one(x)
    usual = dict.fromkeys(NAMES[1:], 0.1)
    assert math.isfinite(model.score_one(usual | {late: 9.0}))
    assert math.isfinite(model.score_one({}))
    for x, _ in events(2100, seed=4, odd=0.0, missing=0.0):
        model.learn_one(x)
    assert model.score_one(usual | {late: 9.0}) > model.score_one(usual | {late: 0.1})
    assert math.isfinite(model.score_one(usual))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_what_is_no_finite_number_counts_as_missing(name, value):
    """Handed over through the fusion, as the scorer does: the same score, and the same state afterwards."""
    given, without = (FusedMembers({name: MEMBERS[name].build({}, SEED)}, {}, 500) for _ in range(2))
    for index, (x, _) in enumerate(events(300, missing=0.0)):
        x.pop(NAMES[1])
        told = x | {NAMES[1]: value} if index % 3 == 0 else x
        assert given.score_then_learn_one(told) == without.score_then_learn_one(x)
    assert given.to_state() == without.to_state()


@EVERY
def test_it_returns_to_its_usual_scores_after_a_shift(name):
    """All features move by 4 spreads: 3 000 events later, the median score is an ordinary one of before."""
    model = REGISTRY[name].build({}, SEED)
    before = [model.score_then_learn_one(x)[0] for x, _ in events(2500, odd=0.0, missing=0.0)][1500:]
    after = []
    for x, _ in events(4000, seed=5, odd=0.0, missing=0.0):
        after.append(model.score_then_learn_one({key: value + 4.0 for key, value in x.items()})[0])
    first, last = sorted(after[:20])[10], sorted(after[3000:])[500]
    low, high = sorted(before)[100], sorted(before)[900]
    assert first > high
    assert low <= last <= high


@EVERY
def test_memory_is_bounded(name):
    """1 000 names, three in each of 100 000 events, fill what there is to fill by a quarter of the stream."""
    # small ones, for the sake of the test's time: what grows with events or with names grows in these too
    small = {
        "windowed_tails": {"window": 100.0},
        "tails_by_side": {"window": 100.0},
        "half_space_trees": {"trees": 2.0, "height": 3.0},
        "loda": {"projections": 5.0},
        "sampled_neighbours": {"samples": 3.0, "size": 4.0},
    }
    model = REGISTRY[name].build(small.get(name, {}), SEED)
    if name == "fused_members":
        model = FusedMembers({"robust_z": MEMBERS["robust_z"].build({}, SEED)}, {}, 1000)
    sizes = []
    for index in range(100_000):
        model.learn_one({f"made up {(index * step) % 1000}": float(index % 7) for step in (1, 331, 717)})
        if index in {40_000, 99_999}:
            sizes.append(len(model.to_state()))
    # counters are written as short as they are; a name, its numbers and its window are all that a feature may cost
    assert sizes[1] <= sizes[0] + 20_000
    assert sizes[1] < 2_000_000


@EVERY
def test_wrong_parameters_are_named(name):
    """A parameter the detector does not know is refused by name, with the ones it has."""
    with pytest.raises(ValueError, match=r"no parameter 'wibble'.*it has"):
        REGISTRY[name].build({"wibble": 1.0}, SEED)


def test_state_of_other_parameters_is_refused():
    """A state must not be loaded into a detector of another shape."""
    for name, parameters in (
        ("robust_z", {"floor": 1.0}),
        ("windowed_tails", {"window": 50.0}),
        ("half_space_trees", {"trees": 3.0}),
        ("loda", {"projections": 3.0}),
        ("sampled_neighbours", {"horizon": 50.0}),
        ("fused_members", {"window": 50.0}),
    ):
        state = REGISTRY[name].build({}, SEED).to_state()
        with pytest.raises(ValueError, match="other"):
            REGISTRY[name].from_state(parameters, SEED, state)


def test_the_examples_in_the_docstrings_are_true():
    """Every doctest of the package runs and holds."""
    modules = ["detectors.ranking.fusion", "detectors.ranking.fused_members", "detectors.ranking.budget"]
    modules += [m.name for m in pkgutil.iter_modules(detectors.models.__path__, "detectors.models.")]
    ran = 0
    for module in modules:
        failed, attempted = doctest.testmod(importlib.import_module(module))
        assert failed == 0, module
        ran += attempted
    assert ran >= 15
