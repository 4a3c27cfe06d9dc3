# `make demo` and `make test` need Python 3.11 or newer and nothing else: the first of
# them makes .venv. `make demo PYTHON=python3.12` takes another Python.

PYTHON ?= python3
PY := .venv/bin/python
WELLFIT := .venv/bin/wellfit

# The stamp's name holds what the environment was made from: this folder, the
# dependencies, their versions. Where any of them changes, the stamp is missing.
STAMP := .venv/.made-$(shell { pwd; cat pyproject.toml constraints.txt; } | cksum | cut -d ' ' -f 1)
BROKEN := $(shell $(PY) -c '' 2> /dev/null || echo broken)

.PHONY: help demo test test-all lint bench clean broken

help:
	@echo 'make demo      watch two trainings, treat one, train on a table, write reports'
	@echo 'make test      formatting, lint, types and tests'
	@echo 'make test-all  the slow tests too, and a quick form of every benchmark'
	@echo 'make bench     the benchmarks; what they measure goes to bench/results'
	@echo 'make clean     remove .venv, the caches and what the demo left'

demo: $(STAMP)
	@rm -rf demo
	@mkdir demo
	$(WELLFIT) run --out demo/sick examples/digits_sick.py
	@echo
	$(WELLFIT) run --out demo/healthy examples/digits_healthy.py
	@echo
	$(WELLFIT) treat --jobs 2 --budget 4m --out demo/treated \
	    --json demo/treated.json examples/digits_sick.py
	@echo
	$(WELLFIT) train examples/diabetes.csv --target progression --out demo/table
	@echo
	$(WELLFIT) report demo/sick --out demo/report.html
	$(WELLFIT) report demo/healthy --out demo/healthy.html
	$(WELLFIT) report demo/treated --out demo/treated.html
	$(WELLFIT) report demo/table --out demo/table.html
	@echo
	@echo 'The reports, to open in a browser:'
	@echo '  $(CURDIR)/demo/report.html   a training that suffers, and from what'
	@echo '  $(CURDIR)/demo/treated.html  what makes it well, and the proof'
	@echo '  $(CURDIR)/demo/healthy.html  its healthy twin'
	@echo '  $(CURDIR)/demo/table.html    a model trained from a table'

# Two workers, a thread each.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n 2

test: lint
	$(PYTEST) -m 'not slow'

test-all: lint
	$(PYTEST)
	$(MAKE) $(BENCHES:%=quick-%)

lint: $(STAMP)
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy

BENCHES := overhead boosting record long_run sweeps inspection label_noise diagnose large faults repair training

bench: $(BENCHES:%=bench-%)

bench-%: $(STAMP)
	$(PY) -m bench.$*

quick-%: $(STAMP)
	$(PY) -m bench.$* --quick

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist demo
	find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment that was never finished is made anew. One that was is brought up to
# date. pip builds wellfit in a second environment, which -c does not reach: older
# versions of pip read PIP_CONSTRAINT there, newer ones PIP_BUILD_CONSTRAINT.
$(STAMP): $(BROKEN)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'wellfit needs Python 3.11 or newer; "$(PYTHON)" is not. Name one that is: make PYTHON=python3.11' >&2; exit 1; }
	@{ test -z '$(BROKEN)' && ls .venv/.made-* > /dev/null 2>&1; } || $(PYTHON) -m venv --clear .venv
	@rm -f .venv/.made-*
	@echo 'Installing into .venv; the first time this takes a few minutes.'
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	    $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
