// What tap and parser agree on: the calls that are tapped, and how many bytes of entries each line of the
// bpftrace program carries. Both read it here, so that neither can change alone.

/** Full ioctl numbers (spec 1.2, 2.1). */
export const TAPPED = {
  hwptInvalidate: 0x3b8d,
  ioasUnmap: 0x3b86,
  vfioUnmapDma: 0x3b72,
} as const;

export const WORD_BYTES = 8;

/**
 * The first words of a call come with its own line, which is all there is for up to eight VT-d entries. Each
 * further line costs the VMM a wake-up of the reader, so these are as long as a BPF stack takes. A loop
 * of 1,024 of them is half of the million instructions that the kernel's verifier is willing to follow.
 */
export const TAP = {
  firstWords: 24,
  lineWords: 48,
  linesPerProbe: 1024,
  probes: 4,
} as const;

export const FIRST_BYTES = TAP.firstWords * WORD_BYTES;
export const LINE_BYTES = TAP.lineWords * WORD_BYTES;
export const PROBE_BYTES = LINE_BYTES * TAP.linesPerProbe;

/** Bytes of entries that are read of one call; what a call has beyond is counted as lost. */
export const READ_BYTES = FIRST_BYTES + PROBE_BYTES * TAP.probes;
