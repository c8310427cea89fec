"""What a person sees of preview: a picture is written, for safe and for unsafe policies, and said where."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit import codec
from tests.cli.conftest import SAFE, UNSAFE, Run
from tests.store import making


@pytest.mark.parametrize("policy", [SAFE, UNSAFE])
def test_preview_writes_a_picture_of_any_policy_and_says_where(augkit: Run, digits, tmp_path: Path, policy):
    path = tmp_path / "new" / "sheet.png"
    code, said, _ = augkit("preview", policy, digits, "--out", path, "--rows", 3, "--copies", 4)
    assert code == 0 and said.endswith(f"wrote {path}\n") and "for the task digits" in said
    small = codec.decode(path.read_bytes())
    augkit("preview", policy, digits, "--out", path, "--rows", 6, "--copies", 6)
    large = codec.decode(path.read_bytes())
    assert small.shape[2] == 3 and large.shape[0] > small.shape[0] and large.shape[1] > small.shape[1]


def test_witness_shows_why_a_policy_is_refused(augkit: Run, digits, tmp_path: Path):
    code, said, _ = augkit("preview", UNSAFE, digits, "--witness", "--out", tmp_path / "why.png")
    assert code == 0 and "unsafe" in said and codec.decode((tmp_path / "why.png").read_bytes()).size
    code, _, err = augkit("preview", SAFE, digits, "--witness", "--out", tmp_path / "not.png")
    assert code == 2 and "nothing in" in err and not (tmp_path / "not.png").exists()


def test_a_preview_writes_nothing_but_its_picture(augkit: Run, digits, tmp_path: Path):
    before = {path: path.read_bytes() for path in digits.rglob("*.png")}
    augkit("preview", SAFE, digits, "--out", tmp_path / "sheet.png")
    assert {path: path.read_bytes() for path in digits.rglob("*.png")} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.png", "source"]


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ((SAFE, "nowhere"), 3, "there is no such source"),
        (("nowhere.yaml", "SOURCE"), 2, "nowhere.yaml"),
        ((SAFE, "SOURCE", "--rows", "0"), 2, "--rows"),
        ((SAFE, "SOURCE", "--out", "SOURCE"), 3, "the picture cannot be written"),
        ((SAFE, "SOURCE", "--out", "SOURCE/0/00.png/x.png"), 3, "the picture cannot be written"),
        ((SAFE, "SOURCE", "--out", "SOURCE/0/00.png/x.html"), 3, "the page cannot be written"),
        ((SAFE, "SOURCE", "--out", "x.gif"), 2, "want a name that ends in .png or .html"),
        ((SAFE,), 2, "a policy file and a source are needed"),
        (("--sweep", "degrees"), 2, "--sweep needs --op"),
        (("--op", "rotate", "--witness"), 2, "takes no policy and no --witness"),
        ((SAFE, "SOURCE", "--op", "rotate"), 2, "takes no policy"),
        (("--op", "rotat"), 2, "did you mean rotate?"),
        (("--op", "rotate", "--sweep", "degree"), 2, "did you mean degrees?"),
        (("--op", "rotate", "--sweep", "degrees=1"), 2, "want two numbers after '='"),
        (("--op", "rotate", "--sweep", "degrees=0,400"), 2, "from -180 to 180"),
    ],
)
def test_what_cannot_be_shown_is_said_with_its_code(augkit: Run, digits, given, code, told):
    arguments = [each.replace("SOURCE", str(digits)) for each in given]
    found, said, err = augkit("preview", *arguments)
    assert (found, said) == (code, "") and told in err


def test_a_page_is_written_where_the_name_says_so(augkit: Run, digits, tmp_path: Path):
    for given in ([SAFE, digits], [UNSAFE, digits, "--witness"], ["--op", "rotate", "--sweep", "degrees"]):
        path = tmp_path / "new" / "page.html"
        code, said, _ = augkit("preview", *given, "--out", path)
        assert code == 0 and said.endswith(f"wrote {path}\n")
        text = path.read_text("utf-8")
        assert text.startswith("<!doctype html>") and text.count("<img ") > 5


def test_a_sweep_shows_one_op_on_the_source_that_is_named(augkit: Run, digits, tmp_path: Path):
    swept = ("preview", "--op", "rotate", "--sweep", "degrees=-30,30")
    code, said, _ = augkit(*swept, digits, "--rows", 2, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert (code, said) == (0, f"wrote {tmp_path / 'page.html'}\n")
    assert text.count("<img ") == 2 * 7 and "-30°" in text and "30°" in text


def test_report_writes_one_page_on_a_data_set(augkit: Run, digits, tmp_path: Path):
    code, _, _ = augkit("generate", SAFE, digits, tmp_path / "made", "--copies", 2)
    assert code == 0
    before = making.tree(tmp_path / "made")
    page = tmp_path / "new" / "report.html"
    code, said, err = augkit("report", tmp_path / "made", "--out", page)
    assert (code, said) == (0, f"wrote {page}\n")
    assert err.startswith(f"next: open {page} in a browser; {tmp_path}/made/README.md says how")
    assert page.read_text("utf-8").count("<img ") == 20 * 3 and making.tree(tmp_path / "made") == before


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("nowhere",), 3, "there is no finished data set here"),
        (("SOURCE", "--out", "report.png"), 2, "--out report.html"),
        (("nowhere", "--run", "SOURCE"), 2, "there is no training run here"),
    ],
)
def test_a_report_that_cannot_be_made_is_said_with_its_code(augkit: Run, digits, given, code, told):
    found, said, err = augkit("report", *(each.replace("SOURCE", str(digits)) for each in given))
    assert (found, said) == (code, "") and told in err


def test_ops_draws_a_strip_beside_its_page(augkit: Run, tmp_path: Path):
    path = tmp_path / "new" / "rotate.png"
    code, said, err = augkit("ops", "rotate", "--out", path)
    assert (code, err) == (0, "") and said.startswith("rotate\n") and said.endswith(f"wrote {path}\n")
    assert codec.decode(path.read_bytes()).shape[2] == 3


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (("--out", "x.png"), 2, "of which op"),
        (("albumentations", "--out", "x.png"), 2, "no op 'albumentations' to draw"),
        (("rotat", "--out", "x.png"), 2, "did you mean rotate?"),
        (("rotate", "--out", "."), 3, "the picture cannot be written"),
    ],
)
def test_a_strip_that_cannot_be_drawn_is_said_with_its_code(augkit: Run, given, code, told, tmp_path: Path):
    found, _, err = augkit("ops", *(str(tmp_path / each) if "." in each else each for each in given))
    assert found == code and told in err and not list(tmp_path.iterdir())
