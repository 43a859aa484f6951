# The one door for commands. Needs python3 (3.11 or newer) and make; the rest it installs in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt

.PHONY: help demo dev test test-all check docs bench torture month clean

help:
	@echo "make demo      run the nightly job on sample_data/ into a sandbox"
	@echo "make dev       Dagster's UI on http://127.0.0.1:3000"
	@echo "make test      the fast tests"
	@echo "make test-all  the slow ones: a year of real receipts, a real browser"
	@echo "make check     ruff, mypy, import-linter"
	@echo "make docs      the site of docs/, into site/"
	@echo "make bench     speed and memory on a year of real receipts"
	@echo "make torture   kills, faults and poison: nothing lost, nothing twice (about 45 minutes)"
	@echo "make month     thirty nights at speed, with trouble: each ends right or is told once (5 to 10 minutes)"
	@echo "make clean     remove .venv and .state"

demo:
	@echo "make demo: installs into .venv (about 1 minute, the first time only), then runs members,"
	@echo "receipts and reports of sample_data/ through a sandbox of the API (about 15 seconds)."
	@$(MAKE) --no-print-directory .venv/runtime
	@$(BIN)/loyalty-etl demo

dev: .venv/runtime
	@mkdir -p -m 700 .state
	DAGSTER_HOME=$(CURDIR) $(BIN)/dagster dev --host 127.0.0.1 --port 3000

test:
	@echo "make test: installs into .venv (about 2 minutes, the first time only), then runs the"
	@echo "fast tests against a sandbox over real sockets (1 to 2 minutes)."
	@$(MAKE) --no-print-directory .venv/dev
	@$(BIN)/python -m pytest -n 4 -m "not slow and not real and not browser"

test-all: .venv/dev
	@$(BIN)/python -m pytest -n 3 -m "slow and not real and not browser"
	@$(BIN)/python -m pytest -m "real or browser"

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/dev
	@rm -rf site
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet docs site
	@echo "The site is in site/: open site/index.html"

bench: .venv/dev
	@$(BIN)/python benchmarks/run.py

torture: .venv/dev
	@$(BIN)/python benchmarks/torture.py

month: .venv/dev
	@$(BIN)/python benchmarks/month.py

clean:
	rm -rf .venv .state site

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "python3 is older than 3.11: say make PYTHON=/path/to/a/newer/python3" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "python3 cannot make a venv: install your system's python3-venv" >&2; rm -rf .venv; exit 1; }

.venv/runtime: pyproject.toml constraints.txt | .venv/bin/python
	@$(PIP) --editable .
	@touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	@$(PIP) --editable '.[dev,postgres,year]'
	@touch $@ .venv/runtime
