# The two commands of a newcomer are `make up` and `make test`; `make help` lists the rest.
PYTHON ?= python3
STACK ?= local
PORT ?= 8787
PROFILE ?= full
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
READERS := .venv-readers/.installed-readers

# What changes or asks Google Cloud takes no stack for granted.
NAMED = $(if $(filter file,$(origin STACK)),$(error say which stack: make $@ STACK=dev))

.DEFAULT_GOAL := help
.PHONY: help first-hour doctor bootstrap drill up test lint scan load smoke status seed-golden preview deploy recover rollback cost pr-comment bench screenshot
.PHONY: canary docs viewer-pin lock clean readers

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

$(RUN): requirements/run.txt ops/environment.py
	@$(PYTHON) ops/environment.py run

$(DEV): requirements/dev.txt ops/environment.py
	@$(PYTHON) ops/environment.py dev

$(READERS): requirements/readers.txt ops/environment.py
	@$(PYTHON) ops/environment.py readers

readers: $(READERS) ## an environment of other people's DICOM readers, for the test that lets them read (tests/readers)

up: $(RUN) ## start the local cloud, deploy, smoke-test, serve until Ctrl-C (ONCE=1 ends after the checks; PORT=N; NEW_PROJECT=1: as slow as Google)
	@$(BIN)/python -m ops up --port $(PORT) $(if $(ONCE),--once) $(if $(NEW_PROJECT),--new-project) $(if $(JSON),--json $(JSON))

test: $(DEV) ## the tests (Chromium and Orthanc are used when they are installed)
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

canary: $(DEV) ## what the newest pulumi-gcp 10.x would change for this program, and the in-process suite over it
	@$(BIN)/python -m tests.upgrade.newer_provider

lint: $(DEV) ## style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

scan: $(DEV) ## the scanners: Dockerfiles, workflows, secrets, advisories (ADVISORIES=required: red without the advisories)
	@$(BIN)/python ops/scan.py

first-hour: $(DEV) ## from nothing to a proved stack on Google Cloud: make first-hour STACK=dev [PROJECT=id] [PARENT=folders/1] [YES=1]
	@$(NAMED)$(BIN)/python -m ops first-hour --stack $(STACK) $(if $(PROJECT),--project $(PROJECT)) \
	  $(if $(PARENT),--parent $(PARENT)) $(if $(YES),--yes)

doctor: $(RUN) ## what must be in place before and around the first deploy, and how: make doctor STACK=dev
	@$(NAMED)$(BIN)/python -m ops doctor --stack $(STACK)

bootstrap: $(RUN) ## make the bucket of Pulumi's state and the key of its secrets: make bootstrap STACK=dev [BUCKET=name] [CMEK=1]
	@$(NAMED)$(BIN)/python -m ops bootstrap --stack $(STACK) $(if $(BUCKET),--bucket $(BUCKET)) $(if $(CMEK),--cmek)

drill: $(RUN) ## export the raw store, restore it into a scratch store, compare: make drill STACK=dev BUCKET=name
	@$(if $(BUCKET),,$(error say where the export goes: make drill BUCKET=name))$(BIN)/python -m ops drill --stack $(STACK) --bucket $(BUCKET)

load: $(RUN) ## push DICOM files into the stack's store: make load FROM=folder (or gs://bucket/prefix on dev, prod)
	@$(if $(FROM),,$(error say which folder: make load FROM=folder))$(BIN)/python -m ops load --stack $(STACK) "$(FROM)"

smoke: $(RUN) ## run the smoke tests against a deployed stack: make smoke STACK=local|dev|prod [PROFILE=full|readonly|quick]
	@$(BIN)/python -m ops smoke --stack $(STACK) --profile $(PROFILE)

status: $(RUN) ## what is not shown and why, time to view, storage classes: make status STACK=local|dev|prod
	@$(BIN)/python -m ops status --stack $(STACK)

seed-golden: $(RUN) ## put the golden study where viewers look, once, for read-only smoke tests: make seed-golden STACK=prod
	@$(BIN)/python -m ops seed-golden --stack $(STACK)

preview: $(DEV) ## what the policy says, then what `pulumi up` would do: make preview STACK=dev
	@$(NAMED)$(BIN)/python -m ops preview --stack $(STACK)

deploy: $(DEV) ## `pulumi up`, with the policy: make deploy STACK=dev
	@$(NAMED)$(BIN)/python -m ops deploy --stack $(STACK)

recover: $(RUN) ## make a stack usable again whose update was killed: make recover STACK=dev
	@$(NAMED)$(BIN)/python -m ops recover --stack $(STACK)

rollback: $(RUN) ## go back to the last proved release's job image and viewer: make rollback STACK=dev
	@$(NAMED)$(BIN)/python -m ops rollback --stack $(STACK)

cost: $(RUN) ## what a stack costs a month: make cost STACK=prod STUDIES=5000 [PLOT=cost.svg]
	@$(BIN)/python -m ops cost --stack $(STACK) $(if $(STUDIES),--studies $(STUDIES)) $(if $(PLOT),--plot $(PLOT))

# A branch's name may hold what a shell or make would run: the workflow gives it in the environment, which neither reads.
export BASE ?= main
export COMMIT OUT
pr-comment: $(RUN) ## the comment that a pull request would get: make pr-comment BASE=main [OUT=file] [GATE=1: fail if dangerous]
	@$(BIN)/python -m ops comment --base="$$BASE" --commit="$$COMMIT" $(if $(OUT),--out="$$OUT") $(if $(GATE),--gate) $(if $(OWNERS),--owners-agree) \
	  $(if $(wildcard .localcloud/reports/smoke.json),--smoke local=.localcloud/reports/smoke.json)

bench: $(DEV) ## the benchmarks, as ratios against a named peer: make bench [NAMES="probe frames"]
	@$(BIN)/python -m benchmarks $(NAMES)

screenshot: $(DEV) ## the README's pictures, from the stack that `make up` serves: make screenshot [SLIM=slim-TAG.zip]
	@$(BIN)/python -m ops.viewer.screenshot --outputs .localcloud/outputs.json --out docs/images $(if $(SLIM),--slim "$(SLIM)")

docs: $(RUN) ## write what is generated from the code: Pulumi.yaml's settings, docs/settings.md, a table of docs/viewer.md
	@$(BIN)/python -m ops docs

viewer-pin: $(DEV) ## find, test and pin the newest SLIM that has what we need: make viewer-pin [TAG=v1.2.3]
	@$(BIN)/python -m ops viewer pin $(if $(TAG),--tag $(TAG))

lock: $(DEV) ## write the lock files again from requirements/*.in
	@for name in run dev readers; do $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --quiet requirements/$$name.in -o requirements/$$name.txt; done

clean: ## forget the environment and everything a run left
	rm -rf .venv .venv-readers .localcloud reports viewer/lite/node_modules
