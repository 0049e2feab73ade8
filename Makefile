# make lab     open the lectures in JupyterLab
# make test    run all tests, on up to four cores; ARGS="-k softmax" for some, one after the other
# Both set up .venv first, once; after that it costs nothing. Other Pythons: make lab PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/ready
ARGS ?=
# pip shows its progress the first time alone
PIP := --disable-pip-version-check $(if $(CI)$(wildcard $(BIN)),--quiet)

# nbgrader starts its tools by name, so they must be found
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup lab demos test lint format release class bundle bench bench-large bench-widgets lock clean

setup: $(READY)

lab: $(READY)
	$(BIN)/python -m course.lab release $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=auto --maxprocesses=4 --dist=loadfile)

lint: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m autograder.build --check

format: $(READY)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

release: $(READY)
	$(BIN)/python -m autograder.build $(ARGS)

# all demos in the browser, without code; ARGS="--freeze DIR" writes them as pages instead
demos: $(READY)
	$(BIN)/course demos $(ARGS)

class: $(READY)
	$(BIN)/autograder class $(ARGS)

bundle: $(READY)
	$(BIN)/python -m autograder.bundle

# beside nbgrader as it comes and otter-grader; ARGS=--write keeps the figures in benchmarks/FIGURES.md
bench: $(READY)
	$(BIN)/python -m benchmarks.bench_grading $(ARGS)

bench-large: $(READY)
	$(BIN)/python -m benchmarks.bench_large $(ARGS)

# how the stage feels, in JupyterLab in headless Chromium, beside the same demo made with interact
bench-widgets: $(READY)
	$(BIN)/python -m benchmarks.bench_widgets $(ARGS)

lock: $(READY)
	$(BIN)/python -m autograder.lock $(ARGS)

clean:
	rm -rf .venv dist build

# The stamp is written last: a set-up that was interrupted is taken up again.
$(READY): requirements.lock pyproject.toml autograder/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
	    echo "Networks by Hand needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2> /dev/null || echo not here)."; \
	    echo "Install one (your system's packages, or python.org), then name it: make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=python3.12"; \
	    exit 1; }
	@echo "Setting up .venv: once, a few minutes, most of it the download of torch."
	@$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: sudo apt install python3-venv, then again."; exit 1; }
	$(BIN)/python -m pip install $(PIP) -r requirements.lock
	$(BIN)/python -m pip install $(PIP) --no-deps --no-build-isolation -e . -e ./autograder
	@$(BIN)/python -c 'open("$(READY)", "w").close()'
