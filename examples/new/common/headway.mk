# What every project of this kind needs: Headway's source, its command, and jobs to try things out with.

# Where Headway's source is: a directory, or a Git repository. It is linked or cloned to .headway-source.
HEADWAY_SOURCE ?= ../../..
export HEADWAY_SOURCE
SOURCE := .headway-source
# The command. If it is not installed, it is taken from Headway's source, and built there if need be.
HEADWAY ?= $(firstword $(shell command -v headway) $(wildcard $(SOURCE)/target/release/headway $(SOURCE)/target/debug/headway) \
	$(SOURCE)/target/demo/headway)
PYTHON ?= python3
VENV := .venv
FILE ?= contacts.csv
TOLERATE ?= 5
# What runs the server, if not the shell itself.
WRAPPER ?=
# A text as one word of the shell.
quoted = '$(subst ','\'',$(1))'
SUBMIT = $(call quoted,$(value FILE)) $(JOB) --tolerate $(TOLERATE)

# What was linked or cloned is used as it is, whatever the setting says now.
DIFFERS := $(shell [ ! -e $(SOURCE) ] || [ "$$(cd $(SOURCE) && pwd -P)" = "$$(cd $(call quoted,$(HEADWAY_SOURCE)) 2>/dev/null && pwd -P)" ] || \
	[ "$$(git -C $(SOURCE) remote get-url origin 2>/dev/null)" = $(call quoted,$(HEADWAY_SOURCE)) ] || echo yes)
ifeq ($(MAKELEVEL)$(DIFFERS),0yes)
ifneq ($(origin HEADWAY_SOURCE),file)
$(error $(SOURCE) is not $(HEADWAY_SOURCE): remove $(SOURCE) to use that, or leave HEADWAY_SOURCE out)
else ifneq ($(shell [ ! -d $(call quoted,$(HEADWAY_SOURCE)) ] || echo yes),)
$(warning $(SOURCE) is used, which is not $(HEADWAY_SOURCE): remove $(SOURCE) to use that)
endif
endif

.PHONY: help submit demo deploy

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-8s\033[0m %s\n", $$1, $$2}'

submit: $(HEADWAY) ## Submit FILE to what `make serve` runs, and show the progress
	$(HEADWAY) submit $(SUBMIT)

demo: $(HEADWAY) runnable ## Serve, submit FILE, show the results, and stop
	@HEADWAY=$(HEADWAY) $(WRAPPER) tools/demo.sh $(SUBMIT) -- $(SERVE)

deploy: | $(SOURCE)/Cargo.toml ## Build and deploy to AWS: STACK=… ISSUER=… AUDIENCE=…; `make deploy` alone lists all settings
	@tools/deploy.sh --check
	@$(MAKE) --no-print-directory build
	@tools/deploy.sh

$(SOURCE)/Cargo.toml:
	@if [ -d "$$HEADWAY_SOURCE" ]; then ln -sfn "$$(cd "$$HEADWAY_SOURCE" && pwd -P)" $(SOURCE); \
	else git clone --quiet -- "$$HEADWAY_SOURCE" $(SOURCE) || true; fi
	@[ -e $@ ] || { echo "Headway's source is not at $$HEADWAY_SOURCE: give its directory or Git repository with HEADWAY_SOURCE=…" >&2; exit 1; }

$(SOURCE)/target/demo/headway: | $(SOURCE)/Cargo.toml
	@echo "headway is not installed: it is built from $(SOURCE), which takes some minutes. HEADWAY=… names one that is elsewhere." >&2
	@command -v cargo >/dev/null || { echo "cargo is not installed, which builds it: https://rustup.rs" >&2; exit 1; }
	$(MAKE) --no-print-directory -C $(SOURCE) command CARGO_TARGET_DIR=target
