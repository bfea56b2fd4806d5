# Two targets to know: `make digest` builds the sample's digest, `make test` is the one definition of green.
# Both need only python3 (3.11 or later), make and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: digest test lint types contract workflows tests coverage format lock wheel clean

digest: $(VENV)/.run
	@$(BIN)/arxiv-digest demo

test: lint types contract workflows tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

contract: $(VENV)/.test
	$(BIN)/lint-imports

workflows: $(VENV)/.test
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/zizmor --offline --no-progress --quiet --strict-collection .github/workflows action.yml

tests: $(VENV)/.test
	$(BIN)/pytest

# The same tests, measured: slower, and red below the share of branches that pyproject.toml asks for.
coverage: $(VENV)/.test
	$(BIN)/pytest --cov --cov-report=term

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv; writes the pinned, hashed requirements that the targets above install.
lock:
	uv export --no-header --no-annotate --no-emit-project --no-dev --group build --output-file requirements.txt --quiet
	uv export --no-header --no-annotate --no-emit-project --no-dev --extra search --output-file requirements-search.txt --quiet
	uv export --no-header --no-annotate --no-emit-project --all-groups --no-group browser --output-file requirements-dev.txt --quiet
	rm -f uv.lock

wheel: $(VENV)/.test
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) dist build .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "arxiv-digest needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# What makes the full-text search of the site.
$(VENV)/.search: requirements-search.txt $(VENV)/.run
	$(INSTALL) --require-hashes --requirement requirements-search.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run
