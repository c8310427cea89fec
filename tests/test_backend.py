"""The backend is chosen before Keras is imported, and every refusal says what to do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from augkit import backend
from augkit.errors import BackendError


@pytest.fixture
def machine(monkeypatch):
    """Pretend that a machine has these modules installed, Keras not yet imported, and no variable set."""

    def pretend(*modules: str, loaded: str | None = None, variable: str | None = None) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in modules else None)
        for name in ("keras", *backend.BACKENDS):
            monkeypatch.delitem(sys.modules, name, raising=False)
        if loaded:
            fake = SimpleNamespace(config=SimpleNamespace(backend=lambda: loaded))
            monkeypatch.setitem(sys.modules, "keras", fake)
        # setenv first, so that whatever choose() writes is taken back after the test
        monkeypatch.setenv("KERAS_BACKEND", variable or "")
        for name in ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS"):
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)

    return pretend


@pytest.mark.parametrize("only", list(backend.BACKENDS))
def test_the_only_installed_backend_is_chosen(machine, only):
    machine("keras", only)
    assert backend.choose() == only
    assert os.environ["KERAS_BACKEND"] == only


def test_of_several_the_first_in_the_table_is_chosen(machine):
    machine("keras", "jax", "torch", "tensorflow")
    assert backend.choose() == next(iter(backend.BACKENDS))


def test_the_variable_beats_the_order_of_the_table(machine):
    last = list(backend.BACKENDS)[-1]
    machine("keras", *backend.BACKENDS, variable=last)
    assert backend.choose() == last


def test_the_argument_beats_the_variable(machine):
    machine("keras", *backend.BACKENDS, variable="torch")
    assert backend.choose("jax") == "jax"
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_what_keras_already_runs_on_is_kept(machine):
    last = list(backend.BACKENDS)[-1]
    machine("keras", *backend.BACKENDS, loaded=last)
    assert backend.choose() == last


def test_another_backend_after_keras_is_imported_is_refused(machine):
    machine("keras", *backend.BACKENDS, loaded="torch")
    with pytest.raises(BackendError, match="already imported Keras with 'torch'") as caught:
        backend.choose("jax")
    assert "KERAS_BACKEND=jax" in caught.value.fix


def test_no_backend_at_all_is_explained_with_what_to_install(machine):
    machine("keras")
    with pytest.raises(BackendError, match="none is installed") as caught:
        backend.choose()
    assert all(f"pip install {package}" in caught.value.fix for package in backend.BACKENDS.values())


def test_a_missing_backend_is_explained_with_what_is_there(machine):
    machine("keras", "jax", variable="torch")
    with pytest.raises(BackendError, match="'torch', which is not installed") as caught:
        backend.choose()
    assert caught.value.where == "KERAS_BACKEND"
    assert "pip install torch" in caught.value.fix
    assert "KERAS_BACKEND=jax" in caught.value.fix


def test_a_misspelt_backend_is_explained_with_the_right_name(machine):
    machine("keras", "tensorflow", variable="tensorfow")
    with pytest.raises(BackendError, match="want one of") as caught:
        backend.choose()
    assert caught.value.fix == "did you mean tensorflow?"


def test_a_backend_that_cannot_train_is_refused(machine):
    machine("keras", "jax", variable="numpy")
    with pytest.raises(BackendError, match="want one of"):
        backend.choose()


def test_missing_keras_is_explained(machine):
    machine("jax")
    with pytest.raises(BackendError, match="Keras is not installed"):
        backend.choose()


def test_tensorflow_is_quietened_unless_someone_wants_its_log(machine, monkeypatch):
    machine("keras", "tensorflow")
    backend.choose()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    backend.choose()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_tensorflow_takes_its_fast_kernels_unless_someone_wants_the_others(machine, monkeypatch):
    machine("keras", "tensorflow")
    backend.choose()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    backend.choose()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


def test_choosing_imports_nothing_heavy_and_keras_then_runs_on_the_choice():
    program = (
        "import sys; from augkit.backend import choose, installed; name = choose(installed()[-1]);"
        "assert not {'keras', 'jax', 'torch', 'tensorflow'} & set(sys.modules);"
        "import keras; assert keras.config.backend() == name"
    )
    env = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fresh(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")}
    env = kept | variables
    return subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)


@pytest.mark.thorough
def test_loading_prints_nothing_and_leaves_the_error_stream_as_it_was():
    done = fresh("import sys; from augkit.backend import load; load(); print('after', file=sys.stderr)")
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "after\n")


def test_what_was_held_back_is_shown_when_the_import_fails(tmp_path):
    (tmp_path / "keras.py").write_text(
        "import os; os.write(2, b'a line from C++\\n'); raise ImportError('torn apart')", encoding="utf-8"
    )
    (tmp_path / "tensorflow.py").touch()
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from augkit.backend import load\nfrom augkit.errors import BackendError\n"
        "try: load('tensorflow')\nexcept BackendError as error: print(error)"
    )
    done = fresh(program)
    assert "torn apart" in done.stdout
    assert "a line from C++" in done.stderr
