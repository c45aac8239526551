/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * Runs where a static probe of a program fires and hands its arguments over. Where each argument is was read
 * from the binary's notes by collector/live/bpf/notes.ts: each copy of this program has a site of its own. */
#include "common.bpf.h"

struct argument {
	u32 kind; /* 0 none, 1 constant, 2 register, 3 memory at a register */
	u32 at;   /* where the register lies in the saved registers, bytes */
	s64 value; /* the constant, or the distance from the register */
	u32 shift; /* bits to shift left and back right, which cuts the argument to its size */
	u32 is_signed;
};

struct site {
	u32 index, count, texts, pad;
	struct argument args[TAP_PROBE_ARGS];
};

MAP(site_map, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct site), 1);

static __always_inline u64 read_argument(void *registers, const struct argument *from)
{
	u64 value = from->value;
	if (from->kind >= 2) {
		u64 saved = 0;
		u64 at = from->at;
		bpf_probe_read_kernel(&saved, sizeof(saved), registers + at);
		if (from->kind == 2) {
			value = saved;
		} else {
			u64 address = saved + value;
			value = 0;
			bpf_probe_read_user(&value, sizeof(value), (void *)address);
		}
	}
	u32 shift = from->shift & 63;
	value <<= shift;
	return from->is_signed ? (u64)((s64)value >> shift) : value >> shift;
}

SEC("uprobe")
int static_probe(void *registers)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tgid = id >> 32, zero = 0;
	struct site *site = bpf_map_lookup_elem(&site_map, &zero);
	if (!site || !bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	count(TAP_COUNT_PROBES, 1);
	struct tap_probe *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		lose(TAP_COUNT_LOST_PROBES, 1);
		return 0;
	}
	record->head.kind = TAP_PROBE;
	record->head.tgid = tgid;
	record->head.tid = id;
	record->head.fd = 0;
	record->head.ns = bpf_ktime_get_boot_ns();
	record->head.lost = so_far();
	record->head.object = site->index;
	record->head.data_type = 0;
	record->head.entry_bytes = 0;
	record->head.count = site->count;
	record->text[0] = 0;
	int has_text = 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < TAP_PROBE_ARGS; i++) {
		u64 value = i < site->count ? read_argument(registers, &site->args[i]) : 0;
		record->args[i] = value;
		if (!has_text && (site->texts & (1u << i))) {
			has_text = 1;
			bpf_probe_read_user_str(record->text, sizeof(record->text), (void *)value);
		}
	}
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
