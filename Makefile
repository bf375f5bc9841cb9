# `make help` lists the commands.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --only-binary :all:
SELF := $(PIP) install --no-deps --no-build-isolation --no-index --editable .

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A stamp for each set, so that a second run installs nothing and `make run` waits for no test tool.
$(VENV)/.run: requirements/embedded.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --requirement requirements/embedded.txt
	$(SELF)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --requirement requirements/dev.txt
	$(SELF)
	@touch $@ $(VENV)/.run

.PHONY: .venv
.venv: $(VENV)/.dev ## the virtual environment, with everything in it

# --- to run it ---

.PHONY: run
run: $(VENV)/.run ## PostgreSQL, API and worker in one go; Ctrl-C stops all of it
	@$(BIN)/tsunagu run --until-parent-ends

.PHONY: demo
demo: $(VENV)/.run ## the story, played through the API of a running service (URL=…, CLIENTS=…, LANG_OF_STORY=ja|en)
	@$(BIN)/tsunagu demo --url $(URL) --lang $(LANG_OF_STORY) $(if $(CLIENTS),--clients $(CLIENTS))

URL ?= http://127.0.0.1:$(or $(TSUNAGU_PORT),8080)
LANG_OF_STORY ?= ja

.PHONY: bench
bench: $(VENV)/.dev ## what it costs: throughput, latency, CPU, buffers (ARGS="--full --json FILE"; --quick; --peers)
	@$(if $(findstring --peers,$(ARGS)),$(INSTALL) --requirement requirements/peers.txt)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: wheel
wheel: $(VENV)/.run ## dist/tsunagu-….whl, to install where this repository is not
	$(PIP) wheel --no-deps --no-build-isolation --no-index --wheel-dir dist .

# --- to change it ---

.PHONY: test
test: $(VENV)/.dev ## all tests, with a PostgreSQL of their own (ARGS=tests/adapters/consents; AT_ONCE=0; TSUNAGU_TEST_DATABASE_URL=…)
	$(BIN)/pytest -n $(AT_ONCE) $(ARGS)

# Processes. One more than there are cores: tests of processes wait as much as they work.
AT_ONCE ?= $(shell expr $$(nproc) + 1)

.PHONY: test-domain
test-domain: $(VENV)/.dev ## the tests of the domain and of tokens alone: no database, seconds
	$(BIN)/pytest tests/domain tests/auth $(ARGS)

.PHONY: check
check: check-static test audit ## everything that has to be right before a commit

.PHONY: check-static
check-static: lint types imports contract dockerfile ## the part of check that runs nothing

.PHONY: format
format: $(VENV)/.dev ## bring the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: lint
lint: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check

.PHONY: types
types: $(VENV)/.dev
	$(BIN)/mypy app tsunagu bench tests alembic/env.py

.PHONY: imports
imports: $(VENV)/.dev
	$(BIN)/lint-imports

.PHONY: openapi
openapi: $(VENV)/.dev ## write the contract, openapi/openapi*.json, as the service has it
	$(BIN)/python -m app.cli openapi

CONTRACTS := openapi/openapi.json openapi/openapi.en.json

.PHONY: contract
contract: $(VENV)/.dev redocly
	$(BIN)/python -m app.cli openapi --check
	$(BIN)/openapi-spec-validator $(CONTRACTS)

# Redocly needs Node. Where there is none a check is missing, and that must be seen.
.PHONY: redocly
ifneq ($(shell command -v npm),)
redocly: openapi/node_modules/.installed
	openapi/node_modules/.bin/redocly lint --config openapi/redocly.yaml $(CONTRACTS)

openapi/node_modules/.installed: openapi/package.json openapi/package-lock.json openapi/.npmrc
	npm ci --prefix openapi --no-progress --loglevel=error
	@touch $@
else
redocly:
	@echo >&2 "*** NOT CHECKED: openapi/ against Redocly's rules. Install Node and npm. ***"
	@test -z "$$CI" # where nobody reads along, it has to be there
endif

.PHONY: dockerfile
dockerfile: $(VENV)/.dev
	$(BIN)/hadolint --config .hadolint.yaml Dockerfile

.PHONY: fuzz
fuzz: $(VENV)/.dev ## Schemathesis with every role's token (EXAMPLES=200 calls an operation, SEED=7)
	TSUNAGU_FUZZ_EXAMPLES=$(EXAMPLES) TSUNAGU_FUZZ_SEED=$(SEED) $(BIN)/pytest -n $(AT_ONCE) --dist worksteal tests/whole/fuzz $(ARGS)

EXAMPLES ?= 100
SEED ?= 20261123

.PHONY: audit
audit: $(VENV)/.audit ## known faults of the pinned packages (OSV_URL=… for a mirror); loud where it cannot look
	$(BIN)/python requirements/audit.py $(VENV)/audit/bin/pip-audit $(if $(OSV_URL),--osv-url=$(OSV_URL))

# Apart from the others: what looks for faults needs packages that nothing else needs.
$(VENV)/.audit: requirements/audit.txt $(VENV)/.dev
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip --disable-pip-version-check --quiet install --require-hashes --only-binary :all: --requirement requirements/audit.txt
	@touch $@

.PHONY: clean
clean: ## remove what was installed or cached; the data folder stays
	rm -rf $(VENV) openapi/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@grep -hE '^[.a-z-]+:.* ## ' $(MAKEFILE_LIST) | sed -E 's/:.* ## /\t/' | expand -t 14
