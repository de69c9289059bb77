# The commands of this project. `make` alone lists them.
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK ?= dev
BASE ?= main
# `value` keeps the text as it was typed. Otherwise make would read a dollar sign in a film's name as a variable.
override VIDEO := $(value VIDEO)
export VIDEO REGIONS SEED
export PYTHONDONTWRITEBYTECODE =

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Run the platform on this laptop: VIDEO=path/to/film, or a clip that it makes; REGIONS=3 for three regions
	@$(BIN)/python -m local demo

add: setup ## Add a title while the demo runs: VIDEO=path/to/film
	@$(BIN)/python -m local add

test: ## Check everything: format, lint, types, unit, integration and browser tests
	@PYTHON=$(PYTHON) BIN=$(BIN) ./scripts/test

preview: setup ## Print the resources of STACK (default dev) as `pulumi preview` would, without AWS
	@$(BIN)/python -m local.engine --stack $(STACK) --preview

ami: setup ## Pin the newest node images in the config of STACK, with your AWS credentials
	@./headend ami --stack $(STACK)

roll: setup ## Bring STACK's new node image or configuration to its nodes, with your AWS credentials
	@./headend roll --stack $(STACK)

bench: setup ## Measure: registering the program, upload to playable, serving, and the start of a view
	@$(BIN)/python -m bench

drill: setup ## Break the platform on purpose, by faults that SEED draws (1, or 1-20), while viewers compare every byte
	@$(BIN)/python -m drills

cost: setup ## Print what a month on AWS would cost, by list prices, and write it into docs/cost.md
	@$(BIN)/python -m planner.bill

change: setup ## Print what the config of STACK and this program add to BASE (default main), in resources and dollars
	@./headend cost --base "$(BASE)" --stack $(STACK)

plan: setup ## Print what 1,000, a million and 220 million subscribers need on AWS, and what it costs
	@$(BIN)/python -m planner size

scale: setup ## Update the tables and the chart of docs/scale.md
	@$(BIN)/python -m planner page

docs: setup ## Update the descriptions of config keys in README.md and Pulumi.yaml from settings.py
	@$(BIN)/python -m scripts.settings_docs

lock: setup ## Update the lock files from requirements*.in
	@$(BIN)/python -m uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 requirements.in -o requirements.txt
	@$(BIN)/python -m uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	@$(BIN)/python -m uv pip compile -q --generate-hashes --no-header --python-version 3.13 --python-platform aarch64-manylinux2014 requirements-playback.in -o requirements-playback.txt

setup: ## Install what is missing: system packages (Debian), Python and Node packages
	@PYTHON=$(PYTHON) ./scripts/setup

.PHONY: help demo add test preview ami roll bench drill cost change plan scale docs lock setup
.DEFAULT_GOAL := help
