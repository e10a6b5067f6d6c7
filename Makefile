# Blemish: `make demo` and `make test` do everything a fresh machine needs. `make` lists what can be made.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# An installed libtorch (the folder with include/ and lib/), else the CPU wheel unpacked into .libtorch/.
LIBTORCH ?= $(CURDIR)/.libtorch/torch
override LIBTORCH := $(abspath $(LIBTORCH))
LIBTORCH_PKGCONFIG := $(CURDIR)/.libtorch/pkgconfig
export PKG_CONFIG_PATH := $(LIBTORCH_PKGCONFIG):$(PKG_CONFIG_PATH)

RPATH := -Xlinker -rpath -Xlinker $(LIBTORCH)/lib
RELEASE := swift build -c release --product blemish $(RPATH)
BLEMISH := .build/release/blemish
DEMO ?= demo

.PHONY: help setup build test demo lint clean

help: ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## System packages and libtorch (first time only)
	@LIBTORCH='$(LIBTORCH)' PKGCONFIG='$(LIBTORCH_PKGCONFIG)' scripts/setup

build: setup ## The program, .build/release/blemish
	$(RELEASE)

# Threads that spin while they wait for each other take the processor from the tests beside them.
test: export OMP_WAIT_POLICY ?= PASSIVE
test: setup ## All tests
	swift test $(RPATH)

demo: build ## Train on generated parts, find planted defects in new ones, write demo/report.html
	$(BLEMISH) demo $(DEMO)

lint: ## The style
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

clean: ## Remove what was built (not libtorch)
	rm -rf .build $(DEMO)
