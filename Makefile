# weir: one Makefile. `make` builds, `make check` tests, `make demo` shows; the last two install what is missing.
include config.mk

FLOORS  = base num wire tensor record file la text model score prune quant factor merge select alloc
SRC     = $(foreach f,$(FLOORS),$(wildcard lib/$(f)/*.c))
OBJ     = $(SRC:%.c=$(B)/%.o)
PROGS   = $(patsubst filters/%.c,%,$(wildcard filters/*.c))
BINS    = $(PROGS:%=$(B)/bin/%)
UNITS   = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c tests/laws/*.c tests/vectors/*.c))
MANS    = $(wildcard man/*.[1-9])

CPPFLAGS += -D_GNU_SOURCE -DWEIR_VERSION='"$(VERSION)"' -Ilib -I.
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
LDLIBS   = -lmsgpackc -lzstd -lxxhash -lyajl -lpcre2-8 -llapacke -lopenblas -lpthread -lm

all: $(BINS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(SANFLAGS) -MMD -MP -c -o $@ $<

# The same kernels for wider instruction sets; the definition is the plain build of the same text.
$(B)/lib/num/kern_avx2.o:   CFLAGS += -mavx2 -O3
$(B)/lib/num/kern_avx512.o: CFLAGS += -mavx512f -mavx512bw -mavx512vl -mprefer-vector-width=512 -O3
$(B)/lib/num/kern_base.o:   CFLAGS += -O3

$(B)/libweir.a: $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/bin/%: $(B)/filters/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(LDLIBS)

$(B)/tests/%: $(B)/tests/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(LDLIBS)

tests: all $(UNITS)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	for m in $(MANS); do install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; done

clean:
	rm -rf build build-*

.PHONY: all tests install clean
.SECONDARY:
-include $(OBJ:.o=.d) $(PROGS:%=$(B)/filters/%.d) $(UNITS:%=%.d)
