#!/bin/sh
# Compiles the BPF programs: one object each for every 64-bit little-endian architecture. Needs clang and the
# headers of libbpf and of the C library (Debian: clang, libbpf-dev, linux-libc-dev). `npm run build:bpf`
set -eu
cd "$(dirname "$0")"
for source in *.bpf.c; do
  # Without debug information: neither BTF nor paths of the machine that built it.
  clang -O2 -target bpf -mcpu=v2 -Wall -Werror -g0 -fno-ident -I"/usr/include/$(uname -m)-linux-gnu" \
    -c "$source" -o "${source%.c}.o"
done
# What they were made of, for the test that finds an object older than its source.
cat *.bpf.c *.h | sha256sum | cut -d' ' -f1 > built-from
