# make build: environment, warehouse from the bundled figures, summary.   make test: fast and
# integration tests.   make fast: only those without processes, servers, browsers and whole builds.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

# Byte-code is kept, whatever the machine says: some hundred processes would compile the same again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: build test fast soak lint environment clean

build: $(READY)
	$(VENV)/bin/alliance-depth build
	@$(VENV)/bin/alliance-depth chart docs/images/headline.svg
	@$(VENV)/bin/alliance-depth chart docs/images/crises.svg --of crises
	@$(VENV)/bin/alliance-depth conclusions docs/CONCLUSIONS.md
	@$(VENV)/bin/alliance-depth validity docs/VALIDITY.md
	@$(VENV)/bin/alliance-depth claims docs/ALLY_DILEMMA.md

PYTEST := $(VENV)/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(PYTEST)

fast: $(READY)
	$(PYTEST) -m "not integration and not realdata and not soak"

soak: $(READY)
	$(VENV)/bin/python -m pytest -m soak

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

environment: $(READY)

# requirements.lock pins every package with its hashes and names no package index.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name one with: make build PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) warehouse/builds warehouse/run warehouse/alliance_depth.duckdb
