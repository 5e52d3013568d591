# What can be done here: make help

.DEFAULT_GOAL := help
# The same for every build, here and in tests/all: cargo would build the library once more for each choice.
FEATURES := --features enumerate,conformance
# One thing after the other: cargo uses all cores by itself.
.NOTPARALLEL:
.PHONY: help build demo test enumerate enumerate-all replay conformance soak bench lint fmt generate check-generated audit image-check control-plane clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

build: ## Build the operator and the emulators, unoptimised as the tests use them, into target/debug
	@tools/need rust
# One test with it: so the dependencies are those of the tests, and are not built a second time for them.
	cargo build --locked --workspace $(FEATURES) --bins --test structure

demo: ## Show the whole story on a local control plane, or on the cluster of DEMO_KUBECONFIG; SERVER=cocoon, or SERVER=oidc-provider on a real server
	@demo/run

test: ## Run every test there is; tests/all PART… runs some, tests/all --list names them
	@tests/all

enumerate: ## Disturb every step of every scenario of the core, in bounds; minutes, and part of make test
	@tests/all enumerate

enumerate-all: ## The same far beyond: pairs, second instances anywhere, long random runs; half an hour
	@tools/need rust
	ENUMERATE=all cargo test --locked --workspace $(FEATURES) --lib -- --nocapture enumerate::

replay: ## Show one run of the enumeration again: make replay SCENE=create AT=6:late
	@tools/need rust
	ENUMERATE_SCENE='$(SCENE)' ENUMERATE_AT='$(AT)' cargo test --locked --workspace $(FEATURES) --lib -- --nocapture enumerate::replay

conformance: ## Check every adapter at its emulators and servers; SERVER, VARIANT=put_pair=new_pair and CHECK=rotate choose
	@tools/need rust node keycloak
	@CONFORMANCE_SERVER='$(SERVER)' CONFORMANCE_VARIANT='$(VARIANT)' CONFORMANCE_CHECK='$(CHECK)' tests/all --part conformance

soak: ## 200 clients under load while everything is killed, stopped or away, and 100 each at oidc-provider and Cocoon; half an hour
	@tools/need rust cluster node
	@$(MAKE) --no-print-directory build
	cargo test --locked --workspace $(FEATURES) --no-run --test disruption
	SOAK=long testcluster/run cargo test --locked --workspace $(FEATURES) --test disruption -- soak:: registration::

bench: ## Measure the operator beside a bare client, and write docs/benchmarks.md; BENCH_CLIENTS and BENCH_DELAYS choose
	@tools/need rust cluster
	cargo build --release --locked --workspace $(FEATURES) --bins --test bench
	testcluster/run cargo test --release --locked --workspace $(FEATURES) --test bench

lint: ## Check with clippy, and the syntax of scripts
	@tools/need rust
	cargo clippy --workspace --all-targets $(FEATURES) --locked -- -D warnings
	tools/check-scripts

fmt: ## Format the code
	@tools/need rust
	cargo fmt --all

generate: ## Write what is generated: definitions, docs/{resources,providers,attacks}.md, the chart's copy and golden files
	@tools/need rust cluster
	UPDATE_GENERATED=1 cargo test --locked --workspace $(FEATURES) --test generated
	charts/copy-crds
	UPDATE_GENERATED=1 tools/with-helm charts/test

check-generated: ## Compare what is generated with what is in git
	@tools/need rust cluster
	cargo test --locked --workspace $(FEATURES) --test generated
	charts/copy-crds --check
	tools/with-helm charts/test

audit: ## Check licences, banned crates and sources of the dependency tree (builds cargo-deny once, minutes)
	@tools/need rust
	tools/cargo-deny check bans licenses sources

image-check: ## Build the operator as the Dockerfile does, and run it in an empty root; needs no container engine, but root
	@tools/need rust
	@tools/image-check

control-plane: ## Build the local control plane into the user's cache folder, once
	@testcluster/build

clean: ## Remove what was built here; says what stays in the user's cache folder
	cargo clean
	@tools/cache-folder --say
