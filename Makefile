# Every target sets up what it needs. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := ringfence assets pipelines tests benchmarks examples docs

.PHONY: setup demo ui test test-long lint format docs bench clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ringfence needs Python 3.11 or newer; say which: make PYTHON=python3.12 ...")'
	@if command -v uv >/dev/null 2>&1; then \
	  set -e; uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock; \
	  uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	else \
	  set -e; $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	fi
	@touch $@

demo: setup
	@$(BIN)/python -m examples.demo.run

ui: setup
	@$(BIN)/python -m examples.demo.ui

test: setup
	@$(BIN)/python -m pytest -q -m "not long" -n 3 --dist worksteal

test-long: setup
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal --hypothesis-profile=whole

lint: setup
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff check --fix --quiet $(CODE); $(BIN)/ruff format --quiet $(CODE)

docs: setup
	@$(BIN)/python -m docs.build

bench: setup
	@for each in benchmarks/bench_*.py; do echo "== $$each"; $(BIN)/python $$each; done

clean:
	@rm -rf $(VENV) demo
