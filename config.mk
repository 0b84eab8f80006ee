# What a builder may want to change; everything here can be set on make's command line. The flags that bytes depend on are not here: the Makefile
# adds them behind CFLAGS.
VERSION = 0.1.0
PREFIX  = /usr/local
CC      = cc
OPT     = -O2
CFLAGS  = -g $(OPT) -Wall -Wextra -Wpointer-arith -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
# Hardening, as Debian builds its packages, and stacks that cannot clash; HARDEN= HARDEN_LD= builds without. Sanitizers bring their own.
HARDEN    = -fPIE -fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security $(FORTIFY)
FORTIFY   = $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_LD = -pie -Wl,-z,relro -Wl,-z,now
# Set SAN=address,undefined for sanitizers; such a build has a folder of its own.
SAN     =
B       = build$(if $(SAN),-san)
# Debian packages that a build and the tests need.
PACKAGES = gcc make libc6-dev pkg-config libmsgpack-dev libzstd-dev libxxhash-dev \
           libyajl-dev libpcre2-dev libutf8proc-dev zlib1g-dev nettle-dev bats mandoc bsdextrautils parallel python3 zstd \
           python3-msgpack python3-xxhash
# ... and what --fast opens where it is there, and the unit tests take for an oracle: installed with them, asked for by nothing.
OPTIONAL = libopenblas0-pthread
