# 'make' alone lists the targets.

SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  := -X github.com/wasmctl/wasmctl/internal/version.version=$(VERSION)
TOOL     := $(GO) tool -modfile=tools/go.mod
TARGETS  := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help
help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## With nothing but Go: scaffold a filter, build it, run it, show what it does.
	@scripts/demo.sh

.PHONY: test
test: ## Prepare what the tests need and run everything.
	@scripts/test.sh

.PHONY: test-fast
test-fast: ## The tests that need only Go, within a minute.
	CI= $(GO) test -short ./...

.PHONY: build
build: ## Build bin/wasmctl.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/wasmctl

.PHONY: cross
cross: ## Build for every platform of a release.
	@for target in $(TARGETS); do \
	  echo "build $$target"; \
	  CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build -trimpath -o /dev/null ./cmd/wasmctl || exit 1; \
	done

.PHONY: lint
lint: ## Vet, staticcheck, gofumpt, tidiness of go.mod, the release configuration.
	@scripts/lint.sh

.PHONY: fmt
fmt: ## Format the Go code.
	$(TOOL) gofumpt -l -w .

.PHONY: docs
docs: ## Write docs/reference.md from the commands.
	$(GO) test ./internal/cli -run TestReference$$ -count=1 -update

.PHONY: bench
bench: ## Measure, and write docs/benchmarks.md.
	@scripts/bench.sh

.PHONY: clean
clean: ## Remove what was built here.
	rm -rf bin dist .cache
