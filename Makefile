# Verbs only. CI calls these and nothing else; what they do stands in the tools that they call.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
CARGO ?= cargo
LISTEN ?= 127.0.0.1:8080
MOCKS ?= 127.0.0.1:9100
SECONDS_EACH ?= 20
PLUGINS := $(patsubst %/connector.toml,%,$(wildcard plugins/*/connector.toml))
GUESTS := $(patsubst %/Cargo.toml,%,$(wildcard tests/guests/*/Cargo.toml))
RELEASE := target/release

.PHONY: help setup build plugins guests template javascript run mocks test test-all fuzz advisories check bench bench-quick docs clean

help: ## Show the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 13

setup: ## Install everything that any verb needs
	@tests/setup.sh wasm node curl nextest deny

build: ## Build the host and the simulated systems, optimised
	$(CARGO) build --release --locked -p jackfield -p jackfield-mocks

plugins: ## Compile and package every connector into dist/plugins
	@tests/setup.sh wasm
	$(CARGO) run --locked --quiet -p jackfield -- --log warn build $(PLUGINS) --out dist/plugins

guests: ## Compile the misbehaving components of the tests into dist/guests
	@tests/setup.sh wasm
	$(CARGO) run --locked --quiet -p jackfield -- --log warn build --bare $(GUESTS) --out dist/guests

template: ## Begin a connector of each domain, and compile and package it into dist/template
	@tests/setup.sh wasm
	$(CARGO) build --locked --quiet -p jackfield
	@tests/template.sh $${CARGO_TARGET_DIR:-target}/debug/jackfield

javascript: ## Compile and package the connectors in JavaScript into dist/examples
	@tests/setup.sh node
	$(CARGO) build --locked --quiet -p jackfield
	@tests/javascript.sh $${CARGO_TARGET_DIR:-target}/debug/jackfield

run: build ## Serve a demo on LISTEN against simulated systems on MOCKS
	@tests/setup.sh wasm curl
	$(RELEASE)/jackfield --log warn build $(PLUGINS) --out dist/plugins
	@LISTEN=$(LISTEN) MOCKS=$(MOCKS) BIN=$(RELEASE) tests/demo/run.sh

mocks: build ## Serve only the simulated systems on MOCKS
	$(RELEASE)/jackfield-mocks --listen $(MOCKS)

test: plugins guests template javascript ## Every test; no network but package registries, no account
	@tests/setup.sh nextest curl
	$(CARGO) test --locked --quiet --doc -p jackfield-sdk -p jackfield-catalog
	$(CARGO) nextest run --locked --workspace --exclude 'jackfield-guest-*'

test-all: test fuzz bench ## Every test and bench, 20 seconds of fuzzing each, ten times the calls under which the host is killed
	JACKFIELD_CHAOS_CALLS=10000 $(CARGO) nextest run --locked -p jackfield-tests chaos

fuzz: ## Look for inputs that break a property, SECONDS_EACH for each target (tests/fuzz)
	@tests/setup.sh c++
	@tests/fuzz/run.sh $(SECONDS_EACH)

advisories: ## Known weaknesses of what we are built from; fetches RustSec's database
	@tests/setup.sh deny
	$(CARGO) deny check advisories

check: ## Format, lints, licences, the one direction of imports
	@tests/setup.sh deny
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --exclude 'jackfield-guest-*' --all-targets -- -D warnings
	tests/imports.sh
	$(CARGO) deny --offline --log-level error check licenses bans sources

bench: guests ## Measure against native baselines in the same run
	$(CARGO) bench --locked -p jackfield-tests

bench-quick: guests ## What a call and a request cost, in two minutes, for a look
	JACKFIELD_BENCH=quick $(CARGO) bench --locked -p jackfield-tests --bench call --bench path

docs: ## Build the book into target/book, and the API documentation
	@tests/setup.sh mdbook
	mdbook build docs
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps -p jackfield-sdk -p jackfield-sdk-macros -p jackfield-catalog -p jackfield-core

clean: ## Remove everything built
	rm -rf target target-guests dist
