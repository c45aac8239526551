// Entries that touch every widening rule of the kernel's drivers, as the bytes an ioctl takes. The guest
// sends them, the host expects from the same list what must be seen. Grouped as the calls they go in.

/** `iommu_hwpt_vtd_s1_invalidate`: addr, npages, flags. */
export function vtdEntry(addr: bigint, npages: bigint, leaf: boolean): Uint8Array {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(addr, 0);
  bytes.writeBigUInt64LE(npages, 8);
  bytes.writeUInt32LE(leaf ? 1 : 0, 16);
  return bytes;
}

const EVERYTHING = 0xffff_ffff_ffff_ffffn;

/** Ranges of every shape: aligned, not aligned, over a big border, huge. */
function vtdShapes(): readonly Uint8Array[] {
  const shapes = [
    vtdEntry(0n, 1n, true),
    vtdEntry(0n, EVERYTHING, false),
    vtdEntry(0xfffa0000n, 12n, true),
    vtdEntry(0x7ffff000n, 2n, true),
    vtdEntry(0x40000000n, 512n, false),
    vtdEntry(0x1000n, 3n, true),
    vtdEntry(0xffff_ffff_f000n, 1n, true),
    vtdEntry(0x1_0000_0000n, 1n << 20n, false),
    vtdEntry(0x7fff_ffff_f000n, 2n, false),
  ];
  for (let pages = 1n; pages <= 17n; pages++) {
    for (const start of [0n, 1n, 5n, 8n])
      shapes.push(vtdEntry(0x8000_0000n + start * 4096n, pages, pages % 2n === 0n));
  }
  return shapes;
}

/** Calls of 1, 2, 16, 17 and all of the entries: one wait an entry whatever the grouping. */
export function vtdCalls(): readonly Uint8Array[] {
  const shapes = vtdShapes();
  const calls: Uint8Array[] = [];
  let at = 0;
  for (const size of [1, 2, 16, 17, shapes.length]) {
    calls.push(Buffer.concat(shapes.slice(at, at + size)));
    at += size;
  }
  return calls;
}

const smmuCommand = (q0: bigint, q1: bigint): Uint8Array => {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(q0, 0);
  bytes.writeBigUInt64LE(q1, 8);
  return bytes;
};

/** A guest's VMID that the host must not believe. */
const FOREIGN_VMID = 0x33n << 32n;
/** The StreamID that the device has in the guest. */
export const GUEST_STREAM_ID = 0x77;
const GUEST_STREAM = BigInt(GUEST_STREAM_ID) << 32n;
const asid = (value: bigint): bigint => value << 48n;

/** TLBI_NH_VA of one page, leaf, ASID 1. */
const oneVa = (page: bigint): Uint8Array =>
  smmuCommand(0x12n | FOREIGN_VMID | asid(1n), (page << 12n) | 1n);

/** TLBI_NH_VA with range: (num + 1) << scale pages of 4 KiB, TTL 3, leaf. */
const rangeVa = (page: bigint, num: bigint, scale: bigint): Uint8Array =>
  smmuCommand(
    0x12n | FOREIGN_VMID | asid(2n) | (num << 12n) | (scale << 20n),
    (page << 12n) | (1n << 10n) | (3n << 8n) | 1n,
  );

/** So many commands of one page each. */
export const manyVa = (count: number): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, index) => oneVa(0x1000n + BigInt(index))));

/** Every command the host takes, then calls around the block of 63. */
export function smmuCalls(): readonly Uint8Array[] {
  return [
    oneVa(0x12345n),
    Buffer.concat([rangeVa(0x800n, 14n, 0n), rangeVa(0x1000n, 0n, 1n), rangeVa(0x40000n, 30n, 2n)]),
    smmuCommand(0x13n | FOREIGN_VMID, (0x777n << 12n) | 1n),
    smmuCommand(0x12n | FOREIGN_VMID | asid(3n), 0x999n << 12n),
    smmuCommand(0x11n | FOREIGN_VMID | asid(3n), 0n),
    smmuCommand(0x10n | FOREIGN_VMID, 0n),
    smmuCommand(0x30n, 0n),
    smmuCommand(0x05n | GUEST_STREAM, 1n),
    smmuCommand(0x06n | GUEST_STREAM, 0n),
    manyVa(63),
    manyVa(64),
    manyVa(200),
  ];
}
