# SPDX-License-Identifier: Apache-2.0

GO       ?= go
PREFIX   ?= /usr/local
SBINDIR  ?= $(PREFIX)/sbin
SHAREDIR ?= $(PREFIX)/share
SYSCONFDIR ?= /etc
UNITDIR  ?= $(PREFIX)/lib/systemd/system
UDEVDIR  ?= $(PREFIX)/lib/udev/rules.d
ZSHDIR   ?= $(SHAREDIR)/zsh/site-functions
LIBDIR   := $(PREFIX)/lib/o2cb
# The init scripts that get a link in SYSCONFDIR/init.d, unless somebody's are there.
INITLINKS ?= o2cb ocfs2
DESTDIR  ?=
FUZZTIME ?= 100000x
BENCHTIME ?= 1s
CHAOSTIME ?= 10m
VERSION  ?= 0.1.0$(shell git describe --always --dirty --exclude '*' 2>/dev/null | sed 's/^/+g/')

# The other names of the one binary, each behaving as the C tool of that name.
LINKS    := o2cb ocfs2_hb_ctl o2hbmonitor
UNITS    := o2cb.service o2hbmonitor.service ocfs2.service
# Where the units and init scripts find the command, told by the places of a package.
PLACES    = sed -e 's|/usr/sbin/|$(SBINDIR)/|g' -e 's|/usr/lib/o2cb/|$(LIBDIR)/|g'
# The race detector needs a C compiler.
RACE     := $(if $(shell command -v gcc 2>/dev/null),-race)
STATICCHECK := .cache/bin/staticcheck
FUZZ     := ./libo2cb/conf:FuzzParse ./libo2cb/conf:FuzzEdit ./libo2cb/volume:FuzzRead ./libo2cb/heartbeat:FuzzBlocks ./libo2cb/settings:FuzzParse ./libo2cb/settings:FuzzEdit ./libo2cb/settings:FuzzReadAnswers ./libo2cb/settings:FuzzInterview ./libo2cb/definition:FuzzRead ./libo2cb/peers:FuzzDecode ./libo2cb:FuzzDescriptor ./libo2dlm:FuzzFrame

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/o2cb_ctl, one static binary, and the links for its other names
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/o2cb_ctl ./o2cb_ctl
	@for name in $(LINKS); do ln -sf o2cb_ctl bin/$$name; done

.PHONY: check
check: $(STATICCHECK) ## vet, lint and unit tests: seconds, no root, no kernel
	@unformatted=$$(gofmt -l libo2cb libo2dlm o2cb_ctl tests); test -z "$$unformatted" || { echo "gofmt -w $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) -C tests vet ./...
	$(STATICCHECK) ./...
	cd tests && ../$(STATICCHECK) ./...
	$(GO) test $(RACE) ./libo2cb/... ./libo2dlm/...
	$(GO) test ./o2cb_ctl/... # scripts of many processes, each of which the detector slows down
	$(GO) -C tests test ./tree

.PHONY: test
test: check packages build fuzz lab-test demo ## everything that CI runs: check, fuzz, the tests on real kernels, the demo

.PHONY: lab-test
lab-test: packages build dist ## the tests that boot real kernels or run Debian's C tools
	@tests/packages host
	$(GO) -C tests test -count=1 -p 1 -timeout 30m ./... # what is cached does not know bin/o2cb_ctl

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (a count: at the end of a time Go sometimes reports its own deadline)
	@for target in $(FUZZ); do \
		echo "fuzz $$target"; \
		$(GO) test -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $${target%:*} || exit 1; \
	done

.PHONY: demo
demo: packages build ## the product on a real two-node cluster, in a minute
	@$(GO) -C tests run ./demo

.PHONY: lab-shell
lab-shell: packages build ## a shell in node 0 of a running two-node cluster
	@$(GO) -C tests run ./labshell

.PHONY: bench
bench: packages build ## benchmarks, and ratios to the C tools
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) ./...
	$(GO) -C tests test -run '^$$' -bench . -benchtime $(BENCHTIME) ./bench

.PHONY: chaos
chaos: packages build ## kill, cut off and delay nodes that use locks, for CHAOSTIME, and judge what they saw
	O2CB_CHAOS_TIME=$(CHAOSTIME) $(GO) -C tests test -count=1 -timeout 24h -v ./chaos

.PHONY: packages
packages: ## fetch what the tests need (Debian packages: installed as root, else unpacked in .cache)
	@tests/packages

.PHONY: man
man: ## write the man pages, from docs/man, to bin/man
	$(GO) -C tests run ./manual/generate -version '$(VERSION)' -to ../bin/man

.PHONY: completions
completions: build ## write the scripts that complete in bash, zsh and fish to bin/completions
	@mkdir -p bin/completions
	for shell in bash zsh fish; do bin/o2cb_ctl completion $$shell >bin/completions/$$shell || exit 1; done

.PHONY: install
install: build man completions ## install below PREFIX and SYSCONFDIR (DESTDIR, SBINDIR, SHAREDIR, UNITDIR, UDEVDIR, ZSHDIR)
	install -D -m 0755 bin/o2cb_ctl $(DESTDIR)$(SBINDIR)/o2cb_ctl
	for name in $(LINKS); do ln -sf o2cb_ctl $(DESTDIR)$(SBINDIR)/$$name; done
	for page in bin/man/*; do install -D -m 0644 $$page $(DESTDIR)$(SHAREDIR)/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 0644 bin/completions/bash $(DESTDIR)$(SHAREDIR)/bash-completion/completions/o2cb_ctl
	install -D -m 0644 bin/completions/zsh $(DESTDIR)$(ZSHDIR)/_o2cb_ctl
	install -D -m 0644 bin/completions/fish $(DESTDIR)$(SHAREDIR)/fish/vendor_completions.d/o2cb_ctl.fish
	for name in $(LINKS); do \
		ln -sf o2cb_ctl $(DESTDIR)$(SHAREDIR)/bash-completion/completions/$$name; \
		ln -sf o2cb_ctl.fish $(DESTDIR)$(SHAREDIR)/fish/vendor_completions.d/$$name.fish; \
	done

	install -D -m 0644 vendor-scripts/60-o2cb.rules $(DESTDIR)$(UDEVDIR)/60-o2cb.rules
	install -D -m 0644 init/o2cb.sysconfig $(DESTDIR)$(SHAREDIR)/o2cb/o2cb.sysconfig
	mkdir -p $(DESTDIR)$(UNITDIR) $(DESTDIR)$(LIBDIR)/init
	for unit in $(UNITS); do $(PLACES) init/$$unit >$(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	for script in o2cb ocfs2; do \
		$(PLACES) init/$$script >$(DESTDIR)$(LIBDIR)/init/$$script && chmod 0755 $(DESTDIR)$(LIBDIR)/init/$$script || exit 1; \
	done
	for script in $(INITLINKS); do \
		mkdir -p $(DESTDIR)$(SYSCONFDIR)/init.d; link=$(DESTDIR)$(SYSCONFDIR)/init.d/$$script; \
		if [ ! -e $$link ]; then ln -sf $(LIBDIR)/init/$$script $$link; \
		elif [ ! -L $$link ]; then echo "left alone: $$link is another program's; ours is $(LIBDIR)/init/$$script"; fi; \
	done

# Debian's and rpm's versions have no hyphen.
PACKAGE_VERSION = $(subst -,.,$(VERSION))
ARCH     ?= $(shell $(GO) env GOARCH)
NFPM     := .cache/bin/nfpm

.PHONY: dist
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
dist: $(NFPM) ## build the packages, .deb and .rpm, in bin/dist
	rm -rf bin/dist && mkdir -p bin/dist
	for kind in deb rpm; do \
		vendor-scripts/stage $$kind '$(PACKAGE_VERSION)' "$(CURDIR)/bin/stage-$$kind" && \
		(cd vendor-scripts && ARCH=$(ARCH) PACKAGE_VERSION='$(PACKAGE_VERSION)' \
			../$(NFPM) package --config nfpm.yaml --packager $$kind --target ../bin/dist) || exit 1; \
	done

$(NFPM): vendor-scripts/go.sum
	$(GO) -C vendor-scripts build -o ../$@ github.com/goreleaser/nfpm/v2/cmd/nfpm

.PHONY: clean
clean: ## delete what was built, fetched and kept
	rm -rf bin .cache

$(STATICCHECK): tests/go.sum
	$(GO) -C tests build -o ../$@ honnef.co/go/tools/cmd/staticcheck
