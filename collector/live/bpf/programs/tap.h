/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * The layout of the records that the BPF programs put into the ring buffer, little-endian, 8-byte aligned.
 * collector/sources/vmm/layout.ts holds the same numbers; a test compares the two. */
#ifndef IOTLB_TAP_H
#define IOTLB_TAP_H

/* Kinds of record. */
#define TAP_ENTRIES 1 /* entries of IOMMU_HWPT_INVALIDATE, as many as `count` says, whole ones only */
#define TAP_UNMAP 2   /* IOMMU_IOAS_UNMAP or VFIO_IOMMU_UNMAP_DMA: iova and length as payload */
#define TAP_MAP 3     /* a map call that succeeded: iova and length as payload */
#define TAP_RETURN 4  /* a tapped call returned */
#define TAP_PROBE 5   /* a static probe fired: its arguments as payload */

/* Bits of setting 0. */
#define TAP_SETTING_MAPS 1

/* Counters, summed over all CPUs. */
#define TAP_COUNT_CALLS 0      /* tapped calls that began */
#define TAP_COUNT_ROWS 1       /* entries, unmaps and maps that calls had */
#define TAP_COUNT_RETURNS 2    /* tapped calls that returned */
#define TAP_COUNT_LOST_ROWS 3  /* of TAP_COUNT_ROWS: the ring buffer was full */
#define TAP_COUNT_LOST_RETURNS 4
#define TAP_COUNT_UNREADABLE 5 /* of TAP_COUNT_ROWS: memory that was not there at begin and return */
#define TAP_COUNT_BEYOND 6     /* of TAP_COUNT_ROWS: beyond what is read of one call, or entries too long */
#define TAP_COUNT_UNTRACKED 7  /* calls whose return cannot be recognised: the table of calls was full */
#define TAP_COUNT_PROBES 8     /* static probes that fired */
#define TAP_COUNT_LOST_PROBES 9
#define TAP_COUNTS 10

#define TAP_SMALL_BYTES 64
#define TAP_MEDIUM_BYTES 192
#define TAP_PIECE_BYTES 4032 /* a multiple of 48: whole VT-d entries and whole SMMUv3 commands */
#define TAP_PIECES 256

#define TAP_PROBE_ARGS 8
#define TAP_PROBE_TEXT 40

struct tap_head {
	unsigned int kind;
	unsigned int tgid;
	unsigned int tid;
	unsigned int fd;
	unsigned long long ns;   /* CLOCK_BOOTTIME */
	unsigned long long lost; /* rows and returns lost so far, by everyone */
	unsigned int object;     /* hwpt, vIOMMU or IOAS; 0 for VFIO type1; of a probe its index */
	unsigned int data_type;
	unsigned int entry_bytes;
	unsigned int count; /* entries in this record; of a probe its arguments */
};

struct tap_return {
	struct tap_head head;
	long long result;
	unsigned int done;
	unsigned int asked;
	unsigned long long began_ns;
};

struct tap_range {
	struct tap_head head;
	unsigned long long iova;
	unsigned long long length;
};

struct tap_probe {
	struct tap_head head;
	unsigned long long args[TAP_PROBE_ARGS];
	char text[TAP_PROBE_TEXT];
};

#endif
