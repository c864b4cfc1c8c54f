# The commands of the README. Each builds the environment first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

NODE_MODULES := tests/clients/node_modules
CLIENT_VENVS := tests/clients/.venvs
MOTO_TESTS := tests/clients/.moto-tests

# Containers set it; but the tests start many interpreters, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-clients check lock clean

run: $(VENV)/.built  ## drive the reference server through the scenarios, on all three provider paths
	@$(BIN)/harness run --report report

test: $(VENV)/.built  ## the project's own tests
	@$(BIN)/python -m pytest -n auto

test-clients: $(VENV)/.built $(NODE_MODULES)/.built $(CLIENT_VENVS)/awscli/.built $(CLIENT_VENVS)/awslabs/.built $(MOTO_TESTS)/.built  ## other people's clients log in at the issuer and call AWS: npm and a browser are needed
	@$(BIN)/python -m pytest tests/clients

check: $(VENV)/.built  ## what CI checks besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.built: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; say which with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Building the environment in $(VENV) (once, about a minute) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_MODULES)/.built: tests/clients/package.json
	@command -v npm >/dev/null || { echo "npm is needed: the clients come from it" >&2; exit 2; }
	@echo "Installing the clients in $(NODE_MODULES) (once) ..." >&2
	@npm install --prefix tests/clients --silent --no-audit --no-fund --no-package-lock
	@touch $@

# Apart from the environment: they pin libraries of their own.
$(CLIENT_VENVS)/%/.built: tests/clients/requirements/%.txt
	@echo "Installing $* in $(CLIENT_VENVS)/$* (once) ..." >&2
	@$(PYTHON) -m venv $(CLIENT_VENVS)/$*
	@$(CLIENT_VENVS)/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# moto's sdist has its tests; its hash is locked like the wheel's.
$(MOTO_TESTS)/.built: requirements.lock tests/clients/requirements/moto-tests.txt $(VENV)/.built
	@echo "Fetching moto's own tests into $(MOTO_TESTS) (once) ..." >&2
	@rm -rf $(MOTO_TESTS) && mkdir -p $(MOTO_TESTS)
	@sed -n '/^moto==/,/[^\\]$$/p' requirements.lock > $(MOTO_TESTS)/moto.txt
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary moto --require-hashes -r $(MOTO_TESTS)/moto.txt -d $(MOTO_TESTS)
	@cd $(MOTO_TESTS) && name=$$(basename moto-*.tar.gz .tar.gz) && tar -xzf $$name.tar.gz --strip-components 1 $$name/tests $$name/pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(MOTO_TESTS)/packages -r tests/clients/requirements/moto-tests.txt
	@touch $@

lock:  ## pin every dependency anew, with hashes and without index addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-package mcp-auth-harness --no-header -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) $(NODE_MODULES) $(CLIENT_VENVS) $(MOTO_TESTS) report
