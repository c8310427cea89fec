"""Errors say where, what and the fix, and survive the way between processes."""

from __future__ import annotations

import pickle

import pytest

from augkit import errors
from augkit.errors import AugkitError, PolicyError, did_you_mean

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AugkitError)]


def test_the_first_line_stands_alone_and_the_second_says_the_fix():
    error = PolicyError("got 'rotat', want rotate", where="a.yaml:4:5", fix="did you mean rotate?")
    assert str(error).splitlines() == ["a.yaml:4:5: got 'rotat', want rotate", "  fix: did you mean rotate?"]


def test_what_is_not_known_is_left_out():
    assert str(AugkitError("it broke")) == "it broke"
    assert str(AugkitError("it broke", where="here")) == "here: it broke"


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_comes_out_of_a_worker_as_it_went_in(kind):
    error = kind("what", where="where", fix="how")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.problem, again.where, again.fix, str(again)) == ("what", "where", "how", str(error))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_the_tree_of_the_docstring_and_has_an_exit_code(kind):
    assert kind.__name__ in errors.__doc__
    assert kind.exit_code in (1, 2, 3)


def test_findings_exit_1_and_storage_3_and_all_else_2():
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert codes["UnsafePolicyError"] == 1
    assert {codes[name] for name in ("SourceError", "PictureError", "StoreError")} == {3}
    assert {codes[name] for name in ("UsageError", "PolicyError", "TaskError", "BackendError")} == {2}


def test_a_near_miss_is_guessed_and_a_far_one_is_not():
    assert did_you_mean("rotat", ["rotate", "shift"]) == "did you mean rotate?"
    assert did_you_mean("xyzzy", ["rotate", "shift"]) == ""
    assert did_you_mean("r" * 1_000_000, ["rotate"]) == ""
