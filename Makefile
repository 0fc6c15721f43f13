# What can be done here. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One set of features for every build, so that dependencies are built once.
EVERYTHING := --workspace --features embedded --locked
VENV := .venv
PYTHON ?= python3
HISTORIES ?= 100000

.PHONY: help demo test check sim model watch build lint-template clean-demo

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

demo: ## Build, serve, submit 3,322 real rows, and show the progress to the end
	cargo build $(EVERYTHING) --bin headway
	@examples/demo.sh

test: $(VENV)/ready ## Run all tests; installs what they need into .venv
	cargo build --locked --features embedded --bin api --bin worker --bin cleanup
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo test $(EVERYTHING) --no-fail-fast
	$(VENV)/bin/python -m pytest -q tests/template

check: ## Format, lints and documentation, without warnings; each function alone, without what is embedded
	cargo fmt --all --check
	cargo clippy $(EVERYTHING) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(EVERYTHING) --no-deps
	tests/alone.sh

sim: ## Simulate HISTORIES whole histories under faults, or play one again with SEED=n
	cargo test --release --locked -p headway-tests --test simulation --no-run
	HEADWAY_SIM_HISTORIES=$(HISTORIES) $(if $(SEED),SEED=$(SEED)) cargo test --release --locked -p headway-tests --test simulation -- --nocapture

model: ## Explore every history of small jobs, the larger ones too: some minutes of two cores
	cargo test $(EVERYTHING) --test model -- --ignored --nocapture

watch: $(VENV)/ready ## Serve all three functions with cargo-lambda on http://127.0.0.1:9000, no AWS account needed
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda watch -A 127.0.0.1

build: $(VENV)/ready ## Build the three Lambda artifacts for arm64 into target/lambda
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda build --release --arm64 --output-format zip

lint-template: $(VENV)/ready ## Check template.yaml alone
	$(VENV)/bin/python -m pytest -q tests/template

$(VENV)/ready: tests/requirements.txt
	$(PYTHON) -m venv $(VENV) || { echo "Python 3 with venv is needed for cargo-lambda and the template's tests: install it, or name one with PYTHON=…" >&2; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@
