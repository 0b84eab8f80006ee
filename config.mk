# What a builder may want to change; everything here can be set on make's command line.
VERSION = 0.1.0
PREFIX  = /usr/local
CC      = cc
OPT     = -O2
CFLAGS  = -std=c11 -g $(OPT) -ffp-contract=off -Wall -Wextra -Wpointer-arith -Wshadow \
          -Wstrict-prototypes -Wmissing-prototypes -Wvla
# Set SAN=address,undefined for sanitizers; such a build has a folder of its own.
SAN     =
B       = build$(if $(SAN),-san)
# Debian packages that a build and the tests need.
PACKAGES = gcc make libc6-dev pkg-config libmsgpack-dev libzstd-dev libxxhash-dev \
           libyajl-dev libpcre2-dev libutf8proc-dev zlib1g-dev nettle-dev bats mandoc bsdextrautils parallel python3 zstd \
           python3-msgpack python3-xxhash
