"""Cells: what two networks read, and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from augkit.audit.cells import Cell, Readings, Terms, judged

NAMES = ("6", "7", "9")
TERMS = Terms(kept=0.8, cells=1400)
FEW = Terms(kept=0.8, cells=50)


def cell(
    clean: dict[int, int],
    taught: dict[int, int],
    upright: dict[int, int] | None = None,
    label: int = 0,
    terms: Terms = TERMS,
) -> Cell:
    """Judge pictures of class `label`, given how many the two networks read as what."""

    def spelled(counts: dict[int, int]) -> np.ndarray:
        return np.repeat(list(counts), list(counts.values())).astype(np.int64)

    of = sum(clean.values())
    before = spelled(upright or {label: of})
    right = np.full(of, label)
    read = Readings(spelled(clean), spelled(taught), right, before, np.full(of, 0.9))
    return judged(label, NAMES, read, terms, ("turn", 180.0, 180.0))


def test_what_a_clean_network_still_reads_is_kept() -> None:
    assert cell({0: 490, 1: 10}, {0: 450, 1: 50}).verdict == "keeps"


def test_a_six_that_both_networks_take_for_a_nine_becomes_a_nine() -> None:
    found = cell({2: 400, 0: 100}, {0: 430, 2: 70})
    assert (found.verdict, found.other) == ("becomes", "9")
    assert found.excess.seen == pytest.approx(0.14)


def test_a_seven_that_only_the_clean_network_takes_for_a_six_is_fragile() -> None:
    """The trap: the clean network says 6 in 98 %, and a network that was taught half turns hardly ever."""
    found = cell({0: 490, 1: 10}, {1: 496, 0: 4}, label=1)
    assert found.reads.seen == pytest.approx(0.98)
    assert (found.verdict, found.other) == ("fragile", "6")


def test_confusion_that_was_there_upright_is_no_excess() -> None:
    assert cell({2: 400, 0: 100}, {0: 430, 2: 70}, upright={0: 430, 2: 70}).verdict == "fragile"


def test_what_no_network_reads_any_more_is_destroyed() -> None:
    assert cell({0: 150, 1: 180, 2: 170}, {0: 170, 1: 170, 2: 160}).verdict == "destroys"


def test_what_most_clean_and_nearly_all_taught_readers_know_is_kept_and_frail() -> None:
    found = cell({0: 375, 1: 75, 2: 50}, {0: 475, 1: 15, 2: 10})
    assert (found.verdict, found.frail) == ("keeps", True)
    assert not cell({0: 490, 1: 10}, {0: 475, 1: 25}).frail


def test_what_looks_like_nothing_in_particular_is_not_kept_however_well_it_can_be_taught() -> None:
    assert cell({0: 150, 1: 180, 2: 170}, {0: 490, 1: 10}).verdict == "fragile"


def test_what_taught_readers_confuse_with_any_one_class_is_not_kept() -> None:
    """The other class need not be the one that the clean network reads."""
    found = cell({0: 350, 1: 150}, {0: 370, 2: 130})
    assert (found.other, found.verdict) == ("7", "fragile")
    assert found.worst.low > TERMS.slight > found.excess.high


def test_the_greatest_excess_is_over_all_other_classes_and_its_least_is_less_than_that_of_one() -> None:
    found = cell({2: 400, 0: 100}, {0: 430, 2: 70})
    assert (found.worst.hits, found.worst.of) == (found.excess.hits, found.excess.of)
    assert found.worst.low < found.excess.low < found.excess.high == found.worst.high


def test_a_share_too_near_the_threshold_is_unsure_and_says_how_many_more_would_decide() -> None:
    found = cell({0: 410, 1: 90}, {0: 415, 1: 85})
    assert found.verdict == "unsure"
    assert found.more is not None and found.more > 1000


def test_few_pictures_decide_nothing() -> None:
    assert cell({0: 9, 1: 1}, {0: 10}).verdict == "unsure"


def test_pictures_that_were_read_wrongly_upright_say_nothing_of_the_change() -> None:
    read = Readings(
        np.array([0] * 300 + [2] * 100),
        np.zeros(400, np.int64),
        np.array([0] * 300 + [2] * 100),
        np.zeros(400, np.int64),
        np.ones(400),
    )
    found = judged(0, NAMES, read, TERMS, ("turn", 10.0, 10.0))
    assert (found.kept.hits, found.kept.of) == (300, 300)
    assert found.verdict == "keeps"


def test_a_verdict_needs_that_many_more_pictures_and_no_fewer() -> None:
    open_ = cell({0: 62, 1: 38}, {0: 97, 1: 3})
    assert open_.verdict == "unsure" and open_.more is not None
    for share, verdict in ((0.8, "unsure"), (1.1, "keeps")):
        of = round((100 + open_.more) * share)
        own = [round(part * of) for part in (0.62, 0.97)]
        assert cell(*({0: some, 1: of - some} for some in own)).verdict == verdict


@pytest.mark.parametrize("truth", ["keeps", "becomes", "fragile", "destroys"])
@pytest.mark.parametrize("of", [100, 500])
def test_learners_just_short_of_a_verdict_get_it_in_few_audits(truth: str, of: int) -> None:
    """Thirty audits of 50 such cells: the intervals of a share may miss in one audit of twenty, and several
    shares lead to a verdict.
    """
    edges = {  # what the clean and the taught one read of a 6, as 6, 7 and 9; just short of the verdict
        "keeps": ((0.499, 0.3, 0.201), (0.799, 0.1, 0.101)),
        "becomes": ((0.2, 0.299, 0.501), (0.97, 0.021, 0.009)),
        "fragile": ((0.2, 0.4, 0.4), (0.499, 0.25, 0.251)),
        "destroys": ((0.2, 0.4, 0.4), (0.501, 0.25, 0.249)),
    }
    random = np.random.default_rng(3)
    drawn = [random.multinomial(of, shares, (30, 50)) for shares in edges[truth]]
    wrong = 0
    for clean, taught in zip(*drawn, strict=True):
        cells = [
            cell(dict(enumerate(one)), dict(enumerate(other)), terms=FEW)
            for one, other in zip(clean.tolist(), taught.tolist(), strict=True)
        ]
        wrong += truth in {one.verdict for one in cells}
    assert wrong <= 30 * 0.2


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(10))
def test_chance_alone_raises_no_alarm(seed: int) -> None:
    """Networks that confuse two classes as often after a change as before it, in a thousand cells."""
    random = np.random.default_rng(seed)
    for _ in range(1000):
        of = int(random.integers(60, 500))
        noisy = [np.where(random.random(of) < 0.06, 2, 0) for _ in range(4)]
        found = judged(0, NAMES, Readings(*noisy, np.ones(of)), TERMS, ("turn", 10.0, 10.0))
        assert found.verdict in ("keeps", "unsure")


def test_a_cell_is_read_back_as_it_was_written() -> None:
    one = cell({2: 400, 0: 100}, {0: 430, 2: 70})
    again = Cell.parse(one.canonical())
    assert again.canonical() == one.canonical()
    assert again.kept.hits == one.kept.hits
