# `make demo` and `make test` do all set-up themselves; a second run does none of it again.

# Where rustup puts cargo, also when it was installed a moment ago.
export PATH := $(HOME)/.cargo/bin:$(PATH)

TARGET := $(or $(CARGO_TARGET_DIR),target)

# CUDA's interface that the program is built for; any driver from this release on serves.
export CUDARC_CUDA_VERSION ?= 12080

.PHONY: demo test lint audit build cuda gpu-check deploy-check emulators setup bench help

help:
	@echo "make demo   build, make a model with planted topics, mine it, count what comes back"
	@echo "make test   all tests"
	@echo "make lint   formatting and clippy"
	@echo "make build  target/release/superposed and superposed-worker"
	@echo "make cuda   the same, for NVIDIA GPUs as well; needs no CUDA toolkit"
	@echo "make emulators  the storage tests against an emulator of Azure's"
	@echo "make gpu-check  on a machine with a GPU: does it compute the same pools, and how fast"
	@echo "make deploy-check  manifests, units and scripts of deploy/, without a cluster"
	@echo "make bench  benchmarks of the mining engine"
	@echo "make audit  licenses, bans and sources of all dependencies"

setup:
	@deploy/setup/toolchain.sh
	@deploy/setup/postgres.sh
	@deploy/setup/scip.sh

build: setup
	@start=$$(date +%s); cargo build --locked --release --bins && \
	echo "built in $$(( $$(date +%s) - start )) s"

cuda: setup
	cargo build --locked --release --bins --features superposed-worker/cuda

gpu-check:
	@deploy/gpu-check.sh

emulators: setup
	@deploy/setup/nextest.sh
	@deploy/emulators.sh

deploy-check:
	@deploy/check.sh

demo: build
	$(TARGET)/release/superposed demo

test: setup
	@deploy/setup/nextest.sh
	@deploy/setup/browser.sh
	cargo nextest run --locked --workspace
	cargo test --locked --doc --workspace

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

bench: setup
	cargo bench --locked -p superposed-mining

audit: setup
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --locked
	cargo deny --locked check bans licenses sources
