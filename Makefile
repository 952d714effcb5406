# `make demo` and `make test` do all set-up themselves: they need Python 3.11-3.13, make and git,
# and leave nothing outside this folder.
.DEFAULT_GOAL := help
SHELL := /bin/sh

ROOT := $(CURDIR)
UV := .uv/bin/uv
BIN := $(ROOT)/.venv/bin
SYSTEM_PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && command -v "$$name" && break; done)

export UV_CACHE_DIR := $(ROOT)/.uv/cache
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export UV_PROJECT_ENVIRONMENT := $(ROOT)/.venv
# Temporary files, too: uv's locks and what tests write.
export TMPDIR := $(ROOT)/.uv/tmp
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTHONPATH

.PHONY: help demo test lint conformance bench bench-full bench-large bench-lake torture clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(UV): | .uv/tmp
	@test -n "$(SYSTEM_PYTHON)" || { echo "error: Floe needs Python 3.11, 3.12 or 3.13 on the PATH" >&2; exit 2; }
	@"$(SYSTEM_PYTHON)" -m venv .uv || { echo "error: this Python has no venv module (Debian and Ubuntu: install python3-venv)" >&2; exit 2; }
	@.uv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check 'uv>=0.8,<1'

.uv/tmp:
	@mkdir -p $@

.uv/run-environment: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --frozen --no-dev --inexact --compile-bytecode --python "$(SYSTEM_PYTHON)"
	@touch $@

.uv/test-environment: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --frozen --compile-bytecode --python "$(SYSTEM_PYTHON)"
	@touch $@ .uv/run-environment

# All adapters of dbt live together in an environment of their own: tests know Floe without them.
.uv/conformance-environment: $(UV) pyproject.toml uv.lock
	@UV_PROJECT_ENVIRONMENT="$(ROOT)/.uv/conformance" $(UV) sync --quiet --frozen --no-dev --group conformance --all-extras \
		--compile-bytecode --python "$(SYSTEM_PYTHON)"
	@touch $@

demo: .uv/run-environment | .uv/tmp ## publish the football example and show three of its tables
	@cd examples/football && "$(BIN)/floe" run
	@cd examples/football && for table in gold.team_record gold.top_scorers gold.elo_ratings; do \
		echo; echo "\$$ floe show $$table --limit 5"; "$(BIN)/floe" show $$table --limit 5 || exit $$?; done

test: .uv/test-environment lint | .uv/tmp ## everything that must hold: style, types, rooms, behaviour, coverage
	@rm -f .coverage .coverage.*
	@"$(BIN)/coverage" run -m pytest -n 2 --dist worksteal --durations=25
	@"$(BIN)/coverage" combine --quiet
	@"$(BIN)/coverage" report

lint: .uv/test-environment
	@"$(BIN)/ruff" check --quiet .
	@"$(BIN)/ruff" format --check --quiet .
	@"$(BIN)/mypy"
	@"$(BIN)/lint-imports"

conformance: .uv/conformance-environment | .uv/tmp ## catalogs and adapters on real PostgreSQL, Polaris, S3: about 15 minutes
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq -y postgresql >/dev/null; } || \
		{ echo "error: the PostgreSQL server is missing (Debian and Ubuntu: install postgresql)" >&2; exit 2; }
	@for program in npm go; do command -v $$program >/dev/null || \
		{ echo "error: $$program is missing, which fetches an emulator of a cloud's storage" >&2; exit 2; }; done
	@command -v mvn >/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq -y maven >/dev/null; } || \
		{ echo "error: Maven is missing (Debian and Ubuntu: install maven)" >&2; exit 2; }
	@.uv/conformance/bin/python -m services build
	@.uv/conformance/bin/pytest conformance

torture: .uv/test-environment | .uv/tmp ## the long crash tests, counts printed: 750 kills, 25,000 random steps, a sort of 5 GB
	@FLOE_TORTURE_KILLS=$${FLOE_TORTURE_KILLS:-200} FLOE_TORTURE_SCHEDULES=$${FLOE_TORTURE_SCHEDULES:-100} \
		FLOE_TORTURE_MACHINES=$${FLOE_TORTURE_MACHINES:-500} FLOE_TORTURE_STEPS=$${FLOE_TORTURE_STEPS:-50} \
		FLOE_TORTURE_MAINTENANCE=$${FLOE_TORTURE_MAINTENANCE:-100} \
		FLOE_TORTURE_LOST_REPLIES=$${FLOE_TORTURE_LOST_REPLIES:-100} \
		FLOE_TORTURE_FAULTY_PUBLISHES=$${FLOE_TORTURE_FAULTY_PUBLISHES:-100} \
		FLOE_TORTURE_SORT_GB=$${FLOE_TORTURE_SORT_GB:-5} "$(BIN)/pytest" \
		tests/torture tests/lake/test_schedules.py -s
	@FLOE_TORTURE_CREDENTIAL_SECONDS=$${FLOE_TORTURE_CREDENTIAL_SECONDS:-60} "$(BIN)/pytest" \
		tests/cli/test_object_storage.py -k outlives -s
	@FLOE_TORTURE_CANARIES=$${FLOE_TORTURE_CANARIES:-20} "$(BIN)/pytest" tests/cli/test_canaries.py -s
	@FLOE_TORTURE_MUTATIONS=$${FLOE_TORTURE_MUTATIONS:-10000} "$(BIN)/pytest" tests/config/test_mutations.py -s
	@FLOE_TORTURE_EXAMPLES=$${FLOE_TORTURE_EXAMPLES:-1000} "$(BIN)/pytest" tests/runtime/test_idempotence.py -s
	@FLOE_TORTURE_QUERIES=$${FLOE_TORTURE_QUERIES:-2000} "$(BIN)/pytest" tests/engines/test_pruned.py
	@FLOE_TORTURE_SCHEMAS=$${FLOE_TORTURE_SCHEMAS:-1000} "$(BIN)/pytest" tests/config/test_schemas.py -s

bench: .uv/test-environment | .uv/tmp ## Floe against raw DuckDB, dbt, dagster-dbt and SQLMesh: about 15 minutes
	@"$(BIN)/python" -m compileall -q src .venv/lib || true
	@"$(BIN)/python" benchmarks/bench.py $(BENCH)
	@$(MAKE) --no-print-directory bench-large
	@$(MAKE) --no-print-directory bench-lake

bench-full: .uv/test-environment | .uv/tmp ## the same, and projects of 500 and 2,000 models: about 45 minutes
	@$(MAKE) --no-print-directory bench BENCH=--full

bench-large: .uv/test-environment | .uv/tmp ## 4.2 million rows: Floe, with and without fused tests, raw DuckDB, dbt
	@"$(BIN)/python" benchmarks/large_data.py

bench-lake: .uv/test-environment | .uv/tmp ## the lake: writing, merging, publishing, maintenance beside DuckDB and PyIceberg
	@"$(BIN)/python" benchmarks/lake.py $(BENCH_LAKE)

clean: ## remove what the targets above made
	rm -rf .venv .uv .demo .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/*/.floe
