# weir: one Makefile. `make` builds, `make check` tests, `make demo` shows; the last two install what is missing.
include config.mk

FLOORS  = base num wire tensor record file la text tok arch ckpt run score prune quant factor merge alloc rate select dup shrink
SRC     = $(foreach f,$(FLOORS),$(wildcard lib/$(f)/*.c))
OBJ     = $(SRC:%.c=$(B)/%.o)
PROGS   = $(patsubst filters/%.c,%,$(wildcard filters/*.c))
BINS    = $(PROGS:%=$(B)/bin/%)
FUZZ    = $(patsubst tests/%.c,$(B)/tests/%,$(filter-out tests/fuzz/main.c tests/fuzz/meter.c,$(wildcard tests/fuzz/*.c)))
UNITS   = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c tests/laws/*.c tests/vectors/*.c))
MANS    = $(wildcard man/*.[1-9])

# Bytes are little-endian all through the code, as checkpoints' are: elsewhere every number would be read wrong.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifeq ($(shell echo __BYTE_ORDER__ | $(CC) -E -P -xc - 2>/dev/null),4321)
$(error weir does not run on big-endian machines such as $(MACHINE): it reads and writes weights as little-endian bytes)
endif

# What make's command line cannot take away. Bytes depend on SAME: it stands behind CFLAGS, so that it counts. FAST is for the files named below.
DEFINES  = -D_GNU_SOURCE -DWEIR_VERSION='"$(VERSION)"' -Ilib -I.
SAME     = -std=c11 -ffp-contract=off -fno-fast-math
COMPILE  = $(CC) $(DEFINES) $(CPPFLAGS) $(if $(SAN),,$(HARDEN)) $(CFLAGS) $(SAME) $(FAST) $(SANFLAGS)
LINK     = $(CC) $(SANFLAGS) $(if $(SAN),,$(HARDEN_LD)) $(LDFLAGS)
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
LIBS     = -Wl,--as-needed -lmsgpackc -lzstd -lxxhash -lyajl -lpcre2-8 -lutf8proc -lz -lnettle -lpthread -lm $(LDLIBS)

all: $(BINS)

# What was made with other flags is made again.
FLAGS = $(filter-out ccache,$(COMPILE) $(LINK) $(LIBS))
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# The pages of architectures are part of this object.
$(B)/lib/arch/arch.o: $(wildcard lib/arch/*.arch)

# And the mixes of types of this one.
$(B)/lib/quant/policy.o: $(wildcard lib/quant/policy/*.policy)

# The same kernels for wider instruction sets; the definition is the plain build of the same text.
X86 := $(filter x86_64%,$(MACHINE))
$(B)/lib/num/kern_avx2.o:   FAST += $(if $(X86),-mavx2) -O3
$(B)/lib/num/kern_avx512.o: FAST += $(if $(X86),-mavx512f -mavx512bw -mavx512vl -mprefer-vector-width=512) -O3
$(B)/lib/num/kern_bf16.o:   FAST += $(if $(X86),-mavx512f -mavx512bw -mavx512vl -mavx512bf16 -mprefer-vector-width=512) -O3
$(B)/lib/num/kern_base.o:   FAST += -O3
$(B)/lib/num/int8_avx2.o:   FAST += $(if $(X86),-mavx2) -O3
$(B)/lib/num/int8_avx512.o: FAST += $(if $(X86),-mavx512f -mavx512bw -mavx512vl -mprefer-vector-width=512) -O3
$(B)/lib/num/int8_vnni.o:   FAST += $(if $(X86),-mavx512f -mavx512bw -mavx512vl -mavx512vnni -mprefer-vector-width=512) -O3
$(B)/lib/num/int8_base.o:   FAST += -O3
# Loops over rows of numbers: gcc vectorizes loops of unknown length from -O3 on only (base/wide.h).
$(B)/lib/num/dtype.o $(B)/lib/num/ggml.o $(B)/lib/num/ggml_%.o $(B)/lib/quant/%.o: FAST += -O3 -fno-math-errno -Wno-psabi
# As above: values compared, bytes masked, scores checked.
$(B)/lib/base/pick.o $(B)/lib/base/rng.o $(B)/lib/wire/bitmask.o $(B)/lib/wire/planes.o $(B)/lib/tensor/bundle.o $(B)/lib/tensor/form_dense.o $(B)/lib/prune/slab.o $(B)/lib/score/%.o: FAST += -O3
# As above: many places of a signature at once.
$(B)/lib/text/minhash.o: FAST += -O3
$(B)/lib/la/secular.o $(B)/lib/la/dc_merge.o $(B)/lib/la/ql.o: FAST += -O3
# Divisions and comparisons may be done for all and taken for some: nobody looks at the flags that they leave.
$(B)/lib/merge/%.o: FAST += -O3 -fno-trapping-math
$(B)/lib/prune/refit.o $(B)/lib/prune/refit_few.o: FAST += -O3
$(B)/lib/quant/isa_avx2.o: FAST += $(if $(X86),-mavx2)
$(B)/lib/quant/isa_avx512.o: FAST += $(if $(X86),-mavx512f -mavx512bw -mavx512vl -mprefer-vector-width=512)

$(B)/libweir.a: $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^
	@echo '$(SANFLAGS) $(LIBS)' >$(B)/link.txt

$(B)/bin/%: $(B)/filters/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)

$(B)/tests/%: $(B)/tests/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)

$(FUZZ): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/main.o $(B)/tests/fuzz/meter.o $(B)/libweir.a
	$(LINK) -Wl,--wrap=LLVMFuzzerTestOneInput -o $@ $^ $(LIBS)

$(B)/tests/fault/inject.so: tests/fault/inject.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -g -O1 -fPIC -shared -o $@ $< -ldl

# Sanitizers bring allocators of their own, which the injector would shadow.
tests: all $(UNITS) $(FUZZ) $(B)/tests/peers/states $(if $(SAN),,$(B)/tests/fault/inject.so)

# Install what is missing: as root, or by sudo; anywhere else say what is needed.
setup:
	@miss=$$(for p in $(PACKAGES); do dpkg -s $$p 2>/dev/null | grep -q '^Status: install ok' || echo $$p; done); \
	if [ -z "$$miss" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		printf 'weir needs these (by their Debian names), if you lack them:\n%s\n' "$$miss"; exit 0; fi; \
	if [ "$$(id -u)" -eq 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; else \
		printf 'Please install, as root:\n  apt-get install %s\n' "$$(echo $$miss)"; exit 1; fi; \
	echo "Installing:" $$miss $(OPTIONAL); \
	$$sudo apt-get -qq update && \
	DEBIAN_FRONTEND=noninteractive $$sudo apt-get -qq -y --no-install-recommends install $$miss $(OPTIONAL) >$${TMPDIR:-/tmp}/weir-setup.log 2>&1 || \
		{ tail -n 20 $${TMPDIR:-/tmp}/weir-setup.log; exit 1; }

check: setup
	@echo 'Building.'
	@$(MAKE) -s -j$$(nproc) tests
	@echo 'Testing: a minute or two; only what fails or is skipped is named.'
	@tests/run $(B)

# Everything that check leaves out for time: the sanitizers, valgrind, the other compiler, clang's analyzer.
check-all: check
	@sh tests/check-all.sh

# Let the fuzzers look for new inputs, FUZZ_SECONDS each, FUZZ_JOBS at once (needs clang and libclang-rt-14-dev). What they hold to: no crash, no
# report of a sanitizer, 10 s an input, and heap of at most FUZZ_ROOM (stated in each target, tests/fuzz/fuzz.h).
FUZZ_SECONDS = 60
FUZZ_JOBS = 1
fuzzers: $(FUZZ:$(B)/tests/fuzz/%=$(B)/fuzz/%)
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/meter.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(CC) -Wl,--wrap=LLVMFuzzerTestOneInput -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(LIBS)
fuzz:
	@$(MAKE) -s -j$$(nproc) B=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
	@ls build-fuzz/fuzz | xargs -P $(FUZZ_JOBS) -I {} sh tests/fuzz/run.sh {} $(FUZZ_SECONDS)

# The table of architectures against transformers, torch and llama.cpp, from small checkpoints made anew; never a need of check. A venv of
# PEERS_PIP is made unless PEERS_PYTHON names a Python that has them. Without llama-cpp-python, which needs a compiler for C++ and cmake, its cells
# say so. PEERS chooses architectures. Behind it the tables of quantized inputs, of formats that are written, and of what wshrink leaves. tests/peers/README.md has them as they are now.
PEERS_PYTHON = $(B)/peers/venv/bin/python
PEERS_PIP = torch==2.13.0 transformers tokenizers peft gguf safetensors numpy compressed-tensors bitsandbytes
PEERS =
BROOK = pipelines/brook
$(B)/peers/venv/bin/python:
	python3 -m venv $(B)/peers/venv
	$@ -m pip install -q $(PEERS_PIP) || { rm -rf $(B)/peers/venv; exit 1; }
	$@ -m pip install -q llama-cpp-python || echo 'llama-cpp-python does not build here: its cells will say so'
peers: all $(B)/tests/peers/states $(PEERS_PYTHON)
	@BIN=$(abspath $(B))/bin $(PEERS_PYTHON) tests/peers/run $(B)/peers/work $(PEERS)
	@head -c 2000 $(BROOK)/prose.test.txt >$(B)/peers/text
	@BIN=$(abspath $(B))/bin $(PEERS_PYTHON) tests/peers/quantized.py $(BROOK)/model $(B)/peers/text $(B)/peers/quantized
	@BIN=$(abspath $(B))/bin $(PEERS_PYTHON) tests/peers/formats.py $(BROOK)/model $(B)/peers/text $(B)/peers/formats
	@BIN=$(abspath $(B))/bin OUT=$(B)/peers/shrink $(PEERS_PYTHON) tests/peers/shrink.py $(B)/peers/work $(PEERS)

demo: setup
	@echo 'Building.'
	@$(MAKE) -s -j$$(nproc) all
	@$(MAKE) -s -C pipelines/prune-quant BIN=$(abspath $(B))/bin demo

INSTALLED = $(PROGS:%=bin/%) $(foreach m,$(notdir $(MANS)),share/man/man$(subst .,,$(suffix $(m)))/$(m))
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	for m in $(MANS); do install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; done

uninstall:
	rm -f $(INSTALLED:%=$(DESTDIR)$(PREFIX)/%)

# The files that git knows, with its commit's time: the same bytes from the same commit.
DIST = weir-$(VERSION)
dist:
	@git ls-files >/dev/null
	@mkdir -p $(B)
	git ls-files -z | tar --null -T - --sort=name --owner=0 --group=0 --numeric-owner --mode=a+rX,u+w,go-w \
		--mtime=@$$(git log -1 --format=%ct) --transform='s,^,$(DIST)/,S' -c | gzip -n9 >$(B)/$(DIST).tar.gz

# What is in the archive builds, passes its tests (TESTS: a glob of tests/run), installs, and uninstalls without a trace.
TESTS = *
distcheck: dist
	rm -rf $(B)/distcheck
	mkdir -p $(B)/distcheck
	tar -C $(B)/distcheck -xf $(B)/$(DIST).tar.gz
	$(MAKE) -C $(B)/distcheck/$(DIST) -s B=build tests
	cd $(B)/distcheck/$(DIST) && tests/run build '$(TESTS)'
	$(MAKE) -C $(B)/distcheck/$(DIST) -s B=build DESTDIR=$(abspath $(B))/distcheck/at PREFIX=/usr install
	$(B)/distcheck/at/usr/bin/tcat --version
	$(MAKE) -C $(B)/distcheck/$(DIST) -s B=build DESTDIR=$(abspath $(B))/distcheck/at PREFIX=/usr uninstall
	@left=$$(find $(B)/distcheck/at ! -type d); [ -z "$$left" ] || { echo "uninstall leaves $$left"; exit 1; }
	rm -rf $(B)/distcheck
	@echo '$(B)/$(DIST).tar.gz is ready'

clean:
	rm -rf build build-*

.PHONY: FORCE all tests setup check check-all fuzzers fuzz peers demo install uninstall dist distcheck clean
.SECONDARY:
-include $(OBJ:.o=.d) $(B)/tests/peers/states.d $(FUZZ:%=%.d) $(PROGS:%=$(B)/filters/%.d) $(UNITS:%=%.d) $(wildcard $(B)/tests/bench/*.d)
