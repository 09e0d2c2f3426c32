# Everything starts here, on a machine with make and Python 3.11 or newer. Each command does the set-up it needs, says
# what it is doing while it does it, and does nothing twice (scripts/bootstrap.py).
#
#   make demo        the whole product on http://127.0.0.1:8000, with sample data (PORT=8123: elsewhere); Ctrl-C ends it
#   make demo-reset  puts the demo's data back to how they were at first
#   make test        every test that is not slow (ARGS="-k withdraw": some of them)
#   make test-all    the slow ones too
#   make lint        ruff, mypy, import-linter, TypeScript
#   make bench       throughput, latency and sizes on SQLite and PostgreSQL
#   make .venv       only the Python environment
#   make texts       collects the interface's and analysts' words into the catalogues for translators
#   make clean       removes what was set up and built, and keeps var/ (your data)

.DEFAULT_GOAL := help
.SUFFIXES:

PORT ?= 8000
ARGS ?=
# The first Python here that is new enough.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
endif
BOOTSTRAP = $(if $(PYTHON),@$(PYTHON) scripts/bootstrap.py,@echo 'jigai needs Python 3.11 or newer on the PATH (or make PYTHON=/path/to/python).' >&2; exit 1;)
BIN = .venv/bin
BABEL = $(BIN)/python -m babel.messages.frontend -q
# Byte code is kept, beside nobody's sources, also where the environment says that Python is to write none (containers do):
# compiling every import anew takes each process of the product and of the tests four seconds.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/.venv/bytecode
# More than four workers wait for the one PostgreSQL rather than for the processor.
PYTEST = $(BIN)/pytest -n logical --maxprocesses 4

.PHONY: help .venv frontend demo demo-reset test test-all lint format texts bench clean

help:
	@sed -n 's/^#   //p' Makefile

.venv:
	$(BOOTSTRAP) python

frontend:
	$(BOOTSTRAP) python node bundle texts

# exec: Ctrl-C and SIGTERM reach jigai itself, which ends with status 0, so make has nothing to report.
demo:
	$(BOOTSTRAP) python node bundle texts
	@exec $(BIN)/jigai demo --port $(PORT)

demo-reset:
	$(BOOTSTRAP) python node bundle texts
	@exec $(BIN)/jigai demo --reset

test:
	$(BOOTSTRAP) python node bundle texts system
	$(PYTEST) -m "not slow" $(ARGS)

test-all:
	$(BOOTSTRAP) python node bundle texts system
	$(PYTEST) $(ARGS)

lint:
	$(BOOTSTRAP) python node
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/node node_modules/typescript/bin/tsc --project web/frontend/tsconfig.json

format:
	$(BOOTSTRAP) python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

texts:
	$(BOOTSTRAP) python
	$(BABEL) extract -F web/translations/babel.cfg -k lazy_gettext --no-location --sort-output --omit-header \
		-o web/translations/messages.pot web engine records tasks processes
	$(BABEL) update -i web/translations/messages.pot -d web/translations --no-fuzzy-matching --ignore-obsolete \
		--ignore-pot-creation-date --width 100

bench:
	$(BOOTSTRAP) python
	@exec $(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv node_modules build *.egg-info web/static/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
