/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * What the programs of a tap share. Maps are plain descriptions that collector/live/bpf/load.ts reads, so that
 * neither BTF nor a library is needed to load them. */
#ifndef IOTLB_COMMON_BPF_H
#define IOTLB_COMMON_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "tap.h"

typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

struct map {
	u32 type, key_bytes, value_bytes, entries;
};
#define MAP(name, type, key, value, entries) struct map name SEC("maps") = { type, key, value, entries }

/* Its size is set by the loader. */
MAP(ring, BPF_MAP_TYPE_RINGBUF, 0, 0, 16 << 20);
/* Processes that are tapped. */
MAP(targets, BPF_MAP_TYPE_HASH, 4, 4, 1024);
MAP(counts, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, TAP_COUNTS);
/* Rows and returns lost by everyone: each record carries it, which places a loss between two records. */
MAP(losses, BPF_MAP_TYPE_ARRAY, 4, 8, 1);

static __always_inline void count(u32 which, u64 more)
{
	u64 *value = bpf_map_lookup_elem(&counts, &which);
	if (value)
		*value += more;
}

static __always_inline void lose(u32 which, u64 rows)
{
	u32 zero = 0;
	u64 *value = bpf_map_lookup_elem(&losses, &zero);
	if (value)
		__sync_fetch_and_add(value, rows);
	count(which, rows);
}

static __always_inline u64 so_far(void)
{
	u32 zero = 0;
	u64 *value = bpf_map_lookup_elem(&losses, &zero);
	return value ? *(volatile u64 *)value : 0;
}

#endif
