"""Rounds: who is timed when, and what is made of it."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks import rounds
from tests.benchmarks.rounds import Effort, Entry


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the work moves."""

    class Clock:
        now = 0.0

        def takes(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(rounds.gc, "collect", lambda: None)
    return clock


def test_everything_takes_turns_and_each_round_begins_with_another(clock):
    done = []
    entries = [Entry(name, lambda name=name: done.append(name), 1) for name in "abc"]
    rounds.interleaved(entries, Effort(rounds=3))
    assert "".join(done) == "abc" + "abc" + "bca" + "cab"


def test_a_ratio_is_taken_inside_each_round(clock):
    slow = {
        "ours": iter([0.1, 0.1, 1, 10]),
        "theirs": iter([0.1, 0.1, 1, 10]),
    }  # the machine; the first warms up
    entries = [
        Entry("ours", lambda: clock.takes(next(slow["ours"])), 2),
        Entry("theirs", lambda: clock.takes(3 * next(slow["theirs"])), 2),
    ]
    timed = rounds.interleaved(entries, Effort(rounds=3))
    assert timed.ratios("ours", "theirs") == pytest.approx([3, 3, 3])


def test_what_is_slow_joins_fewer_rounds_but_two(clock):
    done = []
    entries = [
        Entry("quick", lambda: clock.takes(0.1), 10),
        Entry("slow", lambda: (done.append(1), clock.takes(4.0)), 10),
        Entry("endless", lambda: clock.takes(1000.0), 10),
    ]
    timed = rounds.interleaved(entries, Effort(rounds=7, seconds=math.inf))
    assert len(done) == 1 + 3  # to warm up, and in rounds 0, 3 and 6
    assert sum(one is not None for one in timed.seconds["endless"]) == 2
    assert len(timed.ratios("quick", "slow")) == 3 and len(timed.ratios("slow", "endless")) == 2


def test_what_is_done_before_is_off_the_clock(clock):
    entry = Entry("one", lambda: clock.takes(1.0), 4, before=lambda: clock.takes(50.0))
    assert rounds.interleaved([entry], Effort(rounds=2)).median("one") == pytest.approx(0.25)


def test_ratios_come_sorted(clock):
    timed = rounds.Timed({"a": [1.0, 1.0, 1.0], "b": [3.0, 2.0, None]})
    assert timed.ratios("a", "b") == [2.0, 3.0] and timed.ratio("a", "b") == 2.5


def test_effort_leaves_a_least_number_of_pictures():
    assert Effort(share=0.1).count(5000, 512) == 512 and Effort().count(64) == 64


def test_on_a_busy_machine_there_are_fewer_rounds_but_two(clock):
    entry = Entry("one", lambda: clock.takes(1.4), 1)
    assert len(rounds.interleaved([entry], Effort(rounds=7, seconds=3.5)).seconds["one"]) == 3
    assert len(rounds.interleaved([entry], Effort(rounds=7, seconds=1)).seconds["one"]) == 2
