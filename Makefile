# Blemish: `make demo` and `make test` do everything a fresh machine needs. `make` lists what can be made.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# An installed libtorch (the folder with include/ and lib/), else the CPU wheel unpacked into .libtorch/.
LIBTORCH ?= $(CURDIR)/.libtorch/torch
override LIBTORCH := $(abspath $(LIBTORCH))
LIBTORCH_PKGCONFIG := $(CURDIR)/.libtorch/pkgconfig
export PKG_CONFIG_PATH := $(LIBTORCH_PKGCONFIG):$(PKG_CONFIG_PATH)

RPATH := -Xlinker -rpath -Xlinker $(LIBTORCH)/lib
# Installed, the program finds what it loads in lib/blemish.
RELEASE := swift build -c release $(RPATH) -Xlinker -rpath -Xlinker '$$ORIGIN/../lib/blemish' --product
BLEMISH := .build/release/blemish
STATION := Station/.build/release/blemish-station
STATION_DEBUG := Station/.build/debug/blemish-station
DEMO ?= demo
# How long damaged files are read.
MINUTES ?= 5
# How often each command is killed, and its disk filled.
RUNS ?= 100
# What `blemish benchmark` is told, such as --configuration NAME.
BENCHMARK ?=
# Where the programs are installed.
PREFIX ?= /usr/local

.PHONY: help setup build station station-test install dist test demo bench fuzz faults races lint docs docs-test reference api clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## System packages and libtorch (first time only)
	@LIBTORCH='$(LIBTORCH)' PKGCONFIG='$(LIBTORCH_PKGCONFIG)' scripts/setup

build: setup ## The program, .build/release/blemish
	$(RELEASE) blemish-torch
	$(RELEASE) blemish

# A package of its own, so that nobody else fetches or builds a server.
station: build ## The inspection station, which `blemish serve` starts
	@scripts/setup-station
	swift build --package-path Station -c release --product blemish-station $(RPATH)

station-test: export OMP_WAIT_POLICY ?= PASSIVE
station-test: setup ## The station's tests
	@scripts/setup-station
	swift test --package-path Station $(RPATH)

# Under sudo where the folder is not the user's. The program goes on to load libtorch from $(LIBTORCH).
install: build ## The programs that are built into PREFIX/bin (PREFIX=/usr/local); libtorch stays where it is
	@to='$(DESTDIR)$(PREFIX)'; sudo=; \
	  { mkdir -p "$$to/bin" "$$to/lib/blemish" && [ -w "$$to/bin" ] && [ -w "$$to/lib/blemish" ]; } 2>/dev/null || \
	    sudo=sudo; \
	  $$sudo install -D -m 755 $(BLEMISH) "$$to/bin/blemish" && \
	  $$sudo install -D -m 755 $(dir $(BLEMISH))libblemish-torch.so "$$to/lib/blemish/libblemish-torch.so" && \
	  { [ ! -e $(STATION) ] || $$sudo install -m 755 $(STATION) "$$to/bin/blemish-station"; } && \
	  echo "installed $$to/bin/blemish, which loads libtorch from $(LIBTORCH)/lib"

# One archive for machines of the same system that cannot build: unpack it, and run bin/blemish.
dist: build ## The programs that are built and libtorch in one archive, blemish-VERSION.tar.gz
	@LIBTORCH='$(LIBTORCH)' scripts/dist

# Threads that spin while they wait for each other take the processor from the tests beside them.
test: export OMP_WAIT_POLICY ?= PASSIVE
test: setup ## All tests
	swift test $(RPATH)

demo: build ## Train on generated parts, find planted defects in new ones, write demo/report.html
	$(BLEMISH) demo $(DEMO)

bench: build ## Times every stage on this machine (BENCHMARK='--configuration NAME' for some)
	$(BLEMISH) benchmark $(BENCHMARK)

fuzz: setup ## Damaged files into every reader, under AddressSanitizer (MINUTES=5)
	swift build -c release --sanitize=address --product blemish-fuzz --scratch-path .build-fuzz $(RPATH)
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	  .build-fuzz/release/blemish-fuzz --seconds $$((60 * $(MINUTES))) --failures .build-fuzz/failures

faults: build ## Kills every command that writes at random moments, and fills its disk (RUNS=100)
	python3 Tests/Faults/faults.py kill --tool $(BLEMISH) --runs $(RUNS)
	python3 Tests/Faults/faults.py disk --tool $(BLEMISH) --runs $(RUNS)

# How OpenMP's threads wait for each other is not seen in code that was compiled without the sanitizer: an operator has
# one thread, and the tasks beside each other are ours.
races: export OMP_NUM_THREADS := 1
races: setup ## Judging from eight tasks at once, under ThreadSanitizer
	swift test --sanitize=thread --scratch-path .build-races $(RPATH) --filter eightTasksJudgeToTheSameBitsAsOne

lint: ## The style
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift Station/Sources Station/Tests Station/Package.swift

docs: ## The documentation as static pages with a gallery, docs/site
	@scripts/site

# What it builds, the tests build, too.
docs-test: setup ## The documentation: links, commands, code, and that the library keeps what it makes public
	swift build $(RPATH) --product blemish-torch
	swift build $(RPATH) --product blemish
	scripts/links
	scripts/readability --most 25 README.md docs/tutorials/*.md
	scripts/command-reference .build/debug/blemish --check docs/reference/commands.md
	[ ! -x $(STATION_DEBUG) ] || scripts/command-reference $(STATION_DEBUG) --check docs/reference/station-commands.md
	scripts/check-swift-blocks docs/how-to/swift-program.md docs/library.docc/*Model.md docs/library.docc/*Pictures.md
	scripts/symbols .build/symbols
	scripts/api .build/symbols --check docs/reference/public-api.txt
	scripts/run-blocks --blemish .build/debug/blemish README.md docs/tutorials/*.md \
	  $$([ ! -x $(STATION_DEBUG) ] || echo --station $(STATION_DEBUG))

reference: station ## Write docs/reference/commands.md and station-commands.md anew, from the programs
	scripts/command-reference $(BLEMISH) >.build/commands.md && mv .build/commands.md docs/reference/commands.md
	scripts/command-reference $(STATION) >.build/commands.md && mv .build/commands.md docs/reference/station-commands.md

api: setup ## Write docs/reference/public-api.txt anew: what the library makes public
	swift build $(RPATH) --product blemish
	scripts/symbols .build/symbols
	scripts/api .build/symbols >.build/public-api.txt && mv .build/public-api.txt docs/reference/public-api.txt

clean: ## Remove what was built (not libtorch)
	rm -rf .build .build-fuzz .build-races Station/.build docs/site $(DEMO)
