# `make` lists what there is. The two that matter: `make demo` and `make test`; both set up first.
# Needs make and Python 3.11 or newer; everything else goes into .venv, and a second run finds it there.

PYTHON  ?= python3
BACKEND ?= $(or $(KERAS_BACKEND),tensorflow)
ARGS    ?=
BACKENDS := jax torch tensorflow

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.ready-$(BACKEND)

export KERAS_BACKEND := $(BACKEND)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start some hundred processes: each would compile all of augkit again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test torture bench audit-digits docs test-all lint clean

help:  ## list what make can do
	@echo "augkit: make [target] [BACKEND=jax|torch|tensorflow] [PYTHON=python3.12] [ARGS='...']"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

setup: $(STAMP)  ## make .venv with the tested versions of everything, for one backend
	@echo "Ready: $(VENV) has augkit with Keras on $(BACKEND)"

demo: $(STAMP)  ## from a YAML policy to a trained AlexNet, on real digits; minutes, and nothing twice
	@$(BIN)/python -m recipes.demo $(ARGS)

test: $(STAMP)  ## run the tests, on one backend, minutes; ARGS='-k name' picks some
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup $(ARGS)

torture: $(STAMP)  ## kill runs, over and over, and hold what they finish to the same bytes
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup -m torture $(ARGS)

bench: $(STAMP)  ## measure speed and quality against peers, minutes; ARGS=photos picks a section
	@$(BIN)/python -m tests.benchmarks $(ARGS)

audit-digits: $(STAMP)  ## measure what labels of handwritten digits survive, minutes; out/audit-mnist-sample
	@$(BIN)/python -m augkit audit mnist-sample --propose out/audit-mnist-sample/measured.yaml --against digits $(ARGS) \
	    || test $$? -eq 1  # a finding is what it looks for

docs: $(STAMP)  ## write the documentation to out/docs, from the code itself
	@$(BIN)/python -m augkit.docs $(or $(ARGS),out/docs)

test-all: $(addprefix test-all-,$(BACKENDS)) demo  ## run the long tests too, on every backend, and the demo

test-all-%:
	@$(MAKE) --no-print-directory test BACKEND=$* ARGS='-m "" $(ARGS)'

lint: $(STAMP)  ## check style, formatting, types and who may import whom
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo

clean:  ## remove .venv and caches; what you generated stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find augkit models recipes tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that .venv holds what the two files ask for. It holds this folder's name, because an environment
# survives neither a move nor a copy; and it says nothing once its Python is gone.
ifneq ($(shell test -x $(BIN)/python && cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

# An environment is kept when its Python is new enough, has pip, and was not set up in another folder.
KEEP_VENV = $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && { ! ls $(VENV)/.ready-* >/dev/null 2>&1 || grep -qxF '$(CURDIR)' $(VENV)/.ready-*; }

$(STAMP): pyproject.toml .constraints.txt
	@case " $(BACKENDS) " in *" $(BACKEND) "*) ;; *) \
	    echo "make: BACKEND: got '$(BACKEND)', want one of $(BACKENDS)" >&2; \
	    echo "  fix: make setup BACKEND=tensorflow" >&2; exit 2;; esac
	@$(KEEP_VENV) || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    found=$$(command -v $(PYTHON) >/dev/null && $(PYTHON) --version 2>&1 || echo missing); \
	    echo "make: augkit needs Python 3.11 or newer; '$(PYTHON)' is $$found" >&2; \
	    echo "  fix: install a newer one and name it: make setup PYTHON=python3.12" >&2; exit 2; }
	@$(KEEP_VENV) || { \
	    echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); } || { \
	    echo "make: $(PYTHON) could not make a virtual environment in $(VENV)" >&2; \
	    echo "  fix: on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo "Installing augkit with Keras on $(BACKEND) into $(VENV): minutes at first, seconds later"
	@$(BIN)/python -m pip install $(if $(wildcard $@),--quiet) \
	    --constraint .constraints.txt --editable '.[$(BACKEND),digits,recipes,dev]'
	@$(BIN)/python -m augkit schema policy > recipes/policies/policy.schema.json
	@$(BIN)/python -m augkit schema task > augkit/tasks/task.schema.json
	@echo '$(CURDIR)' > $@
