# Two targets to know: `make digest` builds the sample's digest, `make test` is the one definition of green.
# Both need only python3 (3.11 or later), make and a package index. With uv on the path they install by uv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

# The requirements are complete and pinned, so nothing is left to resolve. Without --no-deps, pip before 23.3 looks up a
# requirement with extras once more, takes its newest release, and fails because that has no hash here.
ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --no-deps
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
endif

.PHONY: digest test lint types contract workflows tests coverage format lock wheel sdist clean

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
	uv export --no-header --no-annotate --no-emit-project --no-dev --extra deliver --output-file requirements-deliver.txt --quiet
	uv export --no-header --no-annotate --no-emit-project --all-groups --no-group browser --output-file requirements-dev.txt --quiet
	sed -i.old 's/^coverage==/coverage[toml]==/' requirements-dev.txt && rm requirements-dev.txt.old
	rm -f uv.lock

wheel: $(VENV)/.test
	$(BIN)/python -m build --wheel --no-isolation

sdist: $(VENV)/.test
	$(BIN)/python -m build --sdist --no-isolation

clean:
	rm -rf $(VENV) dist build .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "arxiv-digest needs Python 3.11 or later")'
ifdef UV
	$(UV) venv --quiet --seed --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV)
endif

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements.txt
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

# What sends digests to e-mail and chat services.
$(VENV)/.deliver: requirements-deliver.txt $(VENV)/.run
	$(INSTALL) --require-hashes --requirement requirements-deliver.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements-dev.txt
	$(INSTALL) --no-build-isolation --editable .
	@touch $@ $(VENV)/.run
