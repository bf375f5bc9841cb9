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
