# Developer shortcuts; each is one command that can also be typed.

.PHONY: all build test lint e2e bench fuzz

all: build test

build: ## kyoli into the current directory, without the C library, which takes time to load
	CGO_ENABLED=0 go build -o . .

test: ## everything that needs only Go: unit, process and end-to-end tests
	scripts/test

lint: ## the linters that .ci/run holds the tree to
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

e2e: ## the tests that run the real OpenCode, fetched with npm, and Chromium
	scripts/e2e-opencode
	scripts/e2e-login

bench: ## figures of this machine, as ratios against Node
	scripts/bench/run

fuzz: ## every fuzz target for FUZZTIME (default 10s)
	scripts/fuzz
