"""What is installed, what is shipped, and what stands in the checkout."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from augkit import cli

ROOT = Path(__file__).parent.parent
BACKENDS = ("jax", "torch", "tensorflow")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOP_LEVEL = {"augkit", "models", "recipes", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE"}
HEAVY = {
    "albumentations", "cv2", "datasets", "keras", "matplotlib", "numpy", "pandas", "PIL", "pyarrow", "scipy",
    "stringzilla", *BACKENDS,
}  # fmt: skip


def pins() -> list[Requirement]:
    """Return the lines of the constraints file."""
    lines = (ROOT / ".constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def declared(*extras: str) -> dict[str, Requirement]:
    """Return what pyproject.toml asks for of others, by name: the runtime, and the extras named."""
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    wanted = [Requirement(line) for lines in lists for line in lines]
    return {canonicalize_name(one.name): one for one in wanted if one.name != "augkit"}


@cache
def distributions() -> dict[str, set[str]]:
    """Return for each importable name the distributions that have it."""
    return {name: {canonicalize_name(d) for d in found} for name, found in packages_distributions().items()}


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """Yield (file, package) for every import under a folder from outside the standard library."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in {name.split(".")[0] for name in names} - sys.stdlib_module_names:
                yield str(path.relative_to(ROOT)), name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build the wheel from a copy of the checkout, and return the names in it."""
    folder = tmp_path_factory.mktemp("wheel")
    kept = shutil.ignore_patterns(".*", "__pycache__", "out")
    copied = folder / "checkout"
    copied.mkdir()
    for name in TOP_LEVEL:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copied / name, ignore=kept)
        else:
            shutil.copy(ROOT / name, copied / name)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=copied, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_the_wheel_holds_augkit_alone(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"augkit"}


def test_the_wheel_holds_every_file_of_augkit(wheel: list[str]) -> None:
    here = {p.relative_to(ROOT).as_posix() for p in (ROOT / "augkit").rglob("*") if p.is_file()}
    wanted = {name for name in here if "__pycache__" not in name}
    assert wanted <= set(wheel)
    assert any(name.startswith("augkit/tasks/") and name.endswith(".yaml") for name in wheel)


def test_models_and_recipes_are_imported_from_the_checkout() -> None:
    code = "import models, recipes; print(models.__path__[0], recipes.__path__[0], sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True, check=True)
    assert [Path(line) for line in run.stdout.splitlines()] == [ROOT / "models", ROOT / "recipes"]


def test_what_augkit_imports_is_declared() -> None:
    known = {*declared(), *declared("digits"), *declared("ray"), *declared("studio")}
    strangers = {
        f"{path}: {name}"
        for path, name in imported("augkit")
        if name != "augkit" and not distributions().get(name, set()) & known
    }
    assert strangers == set()


def test_a_network_imports_keras_alone_and_its_weights_what_files_of_weights_need() -> None:
    by_file = [(Path(path).stem, name) for path, name in imported("models")]
    of_weights = {name for stem, name in by_file if stem in ("weights", "checkpoints")}
    assert {name for stem, name in by_file if stem not in ("weights", "checkpoints")} <= {"keras", "models"}
    assert of_weights <= {"keras", "models", "numpy", "torch"}


def test_everything_declared_is_pinned_once_within_its_bounds() -> None:
    pinned = {canonicalize_name(pin.name): pin for pin in pins() if pin.marker is None}
    for name, wanted in declared(*PROJECT["optional-dependencies"]).items():
        (exact,) = pinned[name].specifier
        assert exact.version in wanted.specifier, name


def test_a_pin_is_an_exact_version_and_names_no_host() -> None:
    for pin in pins():
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin
        assert pin.url is None
    assert "://" not in (ROOT / ".constraints.txt").read_text(encoding="utf-8")


def test_the_two_opencv_wheels_are_one_version() -> None:
    versions = {str(pin.specifier) for pin in pins() if pin.name.startswith("opencv-python")}
    assert len(versions) == 1


def test_help_is_given_without_a_heavy_library() -> None:
    every = [[], *([name] for name in typer.main.get_command(cli.app).commands)]  # type: ignore[attr-defined]
    code = (
        "import contextlib, io, sys\n"
        "from augkit.__main__ import main\n"
        f"for words in {every}:\n"
        "    sys.argv = ['augkit', *words, '--help']\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        main()\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert loaded & HEAVY == set() and {"augkit", "typer"} <= loaded


def test_the_top_level_is_a_table_of_contents() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = {line.split("/")[0] for line in listed.splitlines()}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, as from a shell: not as a part of the make that may run these tests."""
    env = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    }
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", makefile, re.MULTILINE)
    listed = [line.split()[0] for line in make().stdout.splitlines()[1:]]
    assert listed == phony.split()


OLD_PYTHON = f"""#!/bin/sh
[ "$1" = --version ] && echo Python 3.10.14 && exit
exec {sys.executable} -c 'import sys; sys.version_info = (3, 10, 14); exec(sys.argv[1])' "$2"
"""


def test_an_old_python_is_refused_kindly(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(OLD_PYTHON, encoding="utf-8")
    old.chmod(0o755)
    run = make("setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert run.returncode == 2
    assert "Python 3.11 or newer" in run.stderr
    assert "Python 3.10.14" in run.stderr
    assert "fix: " in run.stderr


def test_an_unknown_backend_is_refused_kindly(tmp_path: Path) -> None:
    run = make("setup", "BACKEND=theano", f"VENV={tmp_path / 'venv'}")
    assert run.returncode == 2
    assert "got 'theano', want one of jax torch tensorflow" in run.stderr
    assert "fix: " in run.stderr
