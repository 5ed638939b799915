# Everything a person or CI does with this checkout. `make` alone lists the targets.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

# What runs side by side is printed one after the other, where this make can do that.
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

# A test of servers or browsers that passes at the second try is a defect, too, and is listed at the end.
AGAIN := --reruns 1 -r aR

# Where an environment forbids keeping compiled modules, every process would compile all of them anew: seconds each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run serve dev check types lint test fast e2e bench lock migration clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/.run web/dist/.built ## set everything up and start the demo network
	$(BIN)/plauder demo

serve: $(VENV)/.run web/dist/.built ## set everything up and start a clean network
	$(BIN)/plauder serve

dev: $(VENV)/.dev web/dist/.built ## the demo network with developer page, codes on the console
	$(BIN)/plauder demo --dev

check: $(VENV)/.dev ## the fast part: format, lint, types, import rules, unit tests
	@$(MAKE) --no-print-directory -j2 $(WHOLE) fast types lint

types: $(VENV)/.dev
	$(BIN)/mypy

lint: $(VENV)/.dev
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/lint-imports --cache-dir .import_linter_cache

fast: $(VENV)/.dev ## unit tests only
	$(BIN)/pytest -q -n auto --dist worksteal -m "not server and not browser"

test: check web/dist/.built $(VENV)/.debian $(VENV)/.oracles ## everything: check, servers, foreign clients, web packages, browser
	$(BIN)/python tools/web.py test
	$(BIN)/pytest -q -n auto --dist loadfile $(AGAIN) -m "server and not browser"
	$(BIN)/pytest -q -n 2 --dist loadfile $(AGAIN) -m browser

e2e: $(VENV)/.dev web/dist/.built $(VENV)/.debian ## browser tests only
	$(BIN)/pytest -q -n 2 --dist loadfile $(AGAIN) -m browser

bench: $(VENV)/.dev ## the benchmarks, side by side with the peers that are installed
	$(BIN)/python -m bench

lock: $(UV) ## refresh the pinned requirements
	$(UV) pip compile -q --universal --generate-hashes --no-annotate --no-header --group web pyproject.toml -o requirements/run.lock
	$(UV) pip compile -q --universal --generate-hashes --no-annotate --no-header --group dev --group test --group web pyproject.toml -o requirements/dev.lock -c requirements/run.lock

migration: $(VENV)/.dev ## regenerate the first migration from the tables (until 0.1 is released there is only one)
	$(BIN)/python tools/migration.py

clean: ## remove what the other targets made
	rm -rf $(VENV) web/node_modules web/dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.run: $(UV) requirements/run.lock pyproject.toml
	@test -e $(VENV)/.dev || $(UV) pip install -q --require-hashes -r requirements/run.lock
	@test -e $(VENV)/.dev || $(UV) pip install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: $(UV) requirements/dev.lock pyproject.toml
	$(UV) pip install -q --require-hashes -r requirements/dev.lock
	$(UV) pip install -q --no-deps -e .
	@touch $@ $(VENV)/.run

$(VENV)/.debian: tools/debian.py
	$(PYTHON) tools/debian.py postgresql chromium chromium-headless-shell coturn prosody
	@touch $@

$(VENV)/.oracles: tools/oracles.py $(VENV)/.dev
	$(BIN)/python tools/oracles.py
	@touch $@

web/dist/.built: $(VENV)/.run $(WEB_SOURCES)
	$(BIN)/python tools/web.py build
	@touch $@
