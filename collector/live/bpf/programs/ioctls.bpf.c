/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * Taps the ioctls by which a VMM invalidates, unmaps and (where asked) maps. Reads only the arguments of the
 * tracepoints and the process's own memory, no structure of the kernel's: it needs no BTF, and one object
 * serves every 64-bit little-endian architecture.
 *
 * Entries are read at the begin of a call, so that the ring buffer holds them in the order in which calls
 * began, whichever thread made them. Memory that is not resident then is read at the return. */
#include "common.bpf.h"

/* Full ioctl numbers (docs/spec.md 1.2, 2.1). */
#define IOMMU_IOAS_COPY 0x3b83
#define IOMMU_IOAS_MAP 0x3b85
#define IOMMU_IOAS_UNMAP 0x3b86
#define IOMMU_HWPT_INVALIDATE 0x3b8d
#define IOMMU_IOAS_MAP_FILE 0x3b8f
#define VFIO_IOMMU_MAP_DMA 0x3b71
#define VFIO_IOMMU_UNMAP_DMA 0x3b72

struct enter_args {
	u64 common;
	long nr;
	u64 fd, cmd, arg;
};

struct exit_args {
	u64 common;
	long nr;
	long ret;
};

/* A call under way. */
struct call {
	u64 began_ns;
	u64 arg;
	u64 entries; /* address of its entries */
	u32 cmd, fd;
	u32 object, data_type;
	u32 entry_bytes, asked;
	u32 sent; /* entries handed over, or given up */
	u32 pad;
};

/* RING, TARGETS, COUNTS and the global count of losses are shared by all programs of a tap. */
MAP(calls, BPF_MAP_TYPE_HASH, 4, sizeof(struct call), 16384);
MAP(settings, BPF_MAP_TYPE_ARRAY, 4, 4, 1);

static __always_inline void fill(struct tap_head *head, u32 kind, const struct call *call, u32 entries)
{
	u64 id = bpf_get_current_pid_tgid();
	head->kind = kind;
	head->tgid = id >> 32;
	head->tid = id;
	head->fd = call->fd;
	head->ns = call->began_ns;
	head->lost = so_far();
	head->object = call->object;
	head->data_type = call->data_type;
	head->entry_bytes = call->entry_bytes;
	head->count = entries;
}

/* Hands over `entries` entries in a record with room for `room` bytes: 0 done, 1 no memory there, 2 ring full. */
#define SEND(room)                                                                                   \
	static __always_inline int send_##room(struct call *call, u32 entries, u32 bytes)            \
	{                                                                                            \
		struct {                                                                             \
			struct tap_head head;                                                        \
			unsigned char data[room];                                                    \
		} *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);                          \
		if (!record)                                                                         \
			return 2;                                                                    \
		/* The verifier has to see the bound on the very register that it checks. */             \
		u64 length = bytes;                                                                  \
		asm volatile("" : "+r"(length));                                                     \
		length &= 4095;                                                                      \
		if (length > (room))                                                                 \
			length = (room);                                                             \
		asm volatile("" : "+r"(length));                                                     \
		if (bpf_probe_read_user(record->data, length,                                         \
					(void *)(call->entries + (u64)call->sent * call->entry_bytes))) { \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                               \
			return 1;                                                                    \
		}                                                                                    \
		fill(&record->head, TAP_ENTRIES, call, entries);                                     \
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);                                        \
		return 0;                                                                            \
	}
SEND(64)
SEND(192)
SEND(4032)
_Static_assert(TAP_SMALL_BYTES == 64 && TAP_MEDIUM_BYTES == 192 && TAP_PIECE_BYTES == 4032, "rooms");

/* Sends what is left of the call's entries. `is_last`: what is not readable now is given up. */
static __always_inline void send_entries(struct call *call, int is_last)
{
	u32 size = call->entry_bytes;
	u64 all = (u64)call->asked * size;
	int failed = 0;
	u32 left = call->asked - call->sent;

	if (size == 0 || size > TAP_PIECE_BYTES) {
		lose(TAP_COUNT_BEYOND, left);
		call->sent = call->asked;
		return;
	}
	if (all <= TAP_MEDIUM_BYTES && call->sent == 0) {
		failed = all <= TAP_SMALL_BYTES ? send_64(call, call->asked, all)
						: send_192(call, call->asked, all);
		if (!failed)
			call->sent = call->asked;
	} else {
		u32 most = TAP_PIECE_BYTES / size;
		for (int i = 0; i < TAP_PIECES; i++) {
			u32 entries = call->asked - call->sent;
			if (entries == 0)
				return;
			if (entries > most)
				entries = most;
			failed = send_4032(call, entries, entries * size);
			if (failed)
				break;
			call->sent += entries;
		}
	}
	left = call->asked - call->sent;
	if (left == 0 || (failed == 1 && !is_last))
		return;
	lose(failed == 2 ? TAP_COUNT_LOST_ROWS : failed == 1 ? TAP_COUNT_UNREADABLE : TAP_COUNT_BEYOND, left);
	call->sent = call->asked;
}

static __always_inline void send_range(const struct call *call, u32 kind, u64 ns, u64 iova, u64 length)
{
	struct tap_range *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		lose(TAP_COUNT_LOST_ROWS, 1);
		return;
	}
	fill(&record->head, kind, call, 1);
	record->head.ns = ns;
	record->iova = iova;
	record->length = length;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline int is_map(u32 cmd)
{
	return cmd == IOMMU_IOAS_MAP || cmd == VFIO_IOMMU_MAP_DMA || cmd == IOMMU_IOAS_COPY ||
	       cmd == IOMMU_IOAS_MAP_FILE;
}

SEC("tracepoint/syscalls/sys_enter_ioctl")
int ioctl_enter(struct enter_args *c)
{
	u32 cmd = c->cmd;
	if (cmd != IOMMU_HWPT_INVALIDATE && cmd != IOMMU_IOAS_UNMAP && cmd != VFIO_IOMMU_UNMAP_DMA && !is_map(cmd))
		return 0;
	u64 id = bpf_get_current_pid_tgid();
	u32 tgid = id >> 32, tid = id, zero = 0;
	if (!bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	if (is_map(cmd)) {
		u32 *setting = bpf_map_lookup_elem(&settings, &zero);
		if (!setting || !(*setting & TAP_SETTING_MAPS))
			return 0;
	}
	struct call call = { .began_ns = bpf_ktime_get_boot_ns(), .arg = c->arg, .cmd = cmd, .fd = c->fd };
	if (!is_map(cmd))
		count(TAP_COUNT_CALLS, 1);
	if (cmd == IOMMU_HWPT_INVALIDATE) {
		struct {
			u32 size, object;
			u64 entries;
			u32 data_type, entry_bytes, asked, pad;
		} a;
		if (bpf_probe_read_user(&a, sizeof(a), (void *)c->arg)) {
			/* Nobody knows how many: one. */
			count(TAP_COUNT_ROWS, 1);
			lose(TAP_COUNT_UNREADABLE, 1);
		} else {
			call.object = a.object;
			call.entries = a.entries;
			call.data_type = a.data_type;
			call.entry_bytes = a.entry_bytes;
			call.asked = a.asked;
			count(TAP_COUNT_ROWS, a.asked);
			send_entries(&call, 0);
		}
	} else if (!is_map(cmd)) {
		struct {
			u32 size, object;
			u64 iova, length;
		} a;
		count(TAP_COUNT_ROWS, 1);
		call.entry_bytes = 16;
		call.asked = call.sent = 1;
		if (bpf_probe_read_user(&a, sizeof(a), (void *)c->arg)) {
			lose(TAP_COUNT_UNREADABLE, 1);
		} else {
			/* VFIO has its flags where iommufd has the IOAS; there is one address space a container. */
			call.object = cmd == IOMMU_IOAS_UNMAP ? a.object : 0;
			send_range(&call, TAP_UNMAP, call.began_ns, a.iova, a.length);
		}
	}
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY)) {
		count(TAP_COUNT_UNTRACKED, 1);
		if (call.sent < call.asked)
			lose(TAP_COUNT_UNREADABLE, call.asked - call.sent);
	}
	return 0;
}

/* A map is valid when its call returns; only then its address is known where the kernel chose it. */
static __always_inline void returned_map(struct call *call, u64 now)
{
	u64 words[6];
	count(TAP_COUNT_ROWS, 1);
	call->entry_bytes = 16;
	if (bpf_probe_read_user(words, call->cmd == VFIO_IOMMU_MAP_DMA ? 32 : 40, (void *)call->arg)) {
		lose(TAP_COUNT_UNREADABLE, 1);
		return;
	}
	switch (call->cmd) {
	case VFIO_IOMMU_MAP_DMA: /* argsz, flags; vaddr; iova; size */
		send_range(call, TAP_MAP, now, words[2], words[3]);
		break;
	case IOMMU_IOAS_COPY: /* size, flags; dst_ioas, src_ioas; length; dst_iova; src_iova */
		call->object = words[1];
		send_range(call, TAP_MAP, now, words[3], words[2]);
		break;
	case IOMMU_IOAS_MAP: /* size, flags; ioas, 0; user_va; length; iova */
		call->object = words[1];
		send_range(call, TAP_MAP, now, words[4], words[3]);
		break;
	default: /* IOAS_MAP_FILE: size, flags; ioas, fd; start; length; iova */
		call->object = words[1];
		send_range(call, TAP_MAP, now, words[4], words[3]);
	}
}

SEC("tracepoint/syscalls/sys_exit_ioctl")
int ioctl_exit(struct exit_args *c)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 tid = id;
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	if (!call)
		return 0;
	u64 now = bpf_ktime_get_boot_ns();
	if (is_map(call->cmd)) {
		if (c->ret == 0)
			returned_map(call, now);
		bpf_map_delete_elem(&calls, &tid);
		return 0;
	}
	if (call->sent < call->asked)
		send_entries(call, 1);
	count(TAP_COUNT_RETURNS, 1);
	struct tap_return *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		lose(TAP_COUNT_LOST_RETURNS, 1);
	} else {
		u32 done = 0;
		if (call->cmd == IOMMU_HWPT_INVALIDATE)
			bpf_probe_read_user(&done, sizeof(done), (void *)(call->arg + 24));
		fill(&record->head, TAP_RETURN, call, 0);
		record->head.ns = now;
		record->result = c->ret;
		record->done = done;
		record->asked = call->asked;
		record->began_ns = call->began_ns;
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
