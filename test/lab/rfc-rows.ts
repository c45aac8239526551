// The 2017 reply's truth table as calls: what is sent, what must be answered, and what must be seen on
// the emulated VT-d. The same rows for the opaque layout, and the two probes that tell layouts apart.

/** What reaches the hardware: nothing, the whole domain, or `pages` (a power of two) at an address. */
export type Seen =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'domain' }
  | {
      readonly kind: 'pages';
      readonly addr: bigint;
      readonly order: number;
      readonly leaf: boolean;
    };

export interface RfcCall {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly errno: string;
  readonly seen: Seen;
  /** Sent to BASE + 22 instead. */
  readonly bind?: boolean;
}

const PASID = 1;
const VADDR = 2;
const NO_PASID = 1;
const LEAF = 2;

interface Generic {
  readonly scope: number;
  readonly flags?: number;
  readonly pasid?: number;
  readonly vaddr?: bigint;
  readonly size?: bigint;
  readonly hints?: number;
  readonly argsz?: number;
}

/** The explicit layout: argsz scope flags pasid vaddr size, and a word of hints when given. */
export function genericBytes(call: Generic): Uint8Array {
  const bytes = Buffer.alloc(call.hints === undefined ? 32 : 36);
  bytes.writeUInt32LE(call.argsz ?? bytes.length, 0);
  bytes.writeUInt32LE(call.scope >>> 0, 4);
  bytes.writeUInt32LE((call.flags ?? 0) >>> 0, 8);
  bytes.writeUInt32LE(call.pasid ?? 0, 12);
  bytes.writeBigUInt64LE(call.vaddr ?? 0n, 16);
  bytes.writeBigUInt64LE(call.size ?? 0n, 24);
  if (call.hints !== undefined) bytes.writeUInt32LE(call.hints >>> 0, 32);
  return bytes;
}

/** The opaque layout: argsz length, and in the data a model, a length and one 16-byte descriptor. */
export function opaqueBytes(qw0: bigint, qw1: bigint, model = 0): Uint8Array {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(32, 0);
  bytes.writeUInt32LE(24, 4);
  bytes.writeUInt32LE(model >>> 0, 8);
  bytes.writeUInt32LE(16, 12);
  bytes.writeBigUInt64LE(qw0, 16);
  bytes.writeBigUInt64LE(qw1, 24);
  return bytes;
}

/** Neither can invalidate anything under either layout; see this folder's README. */
export const PROBES = {
  opaque: opaqueBytes(0xffffffff_ffffffffn, 0xffffffff_ffffffffn, 0xffffffff),
  generic: genericBytes({ scope: VADDR, hints: 0x80000000 }),
} as const;

const nothing: Seen = { kind: 'nothing' };
const domain: Seen = { kind: 'domain' };
const pages = (addr: bigint, order: number, leaf: boolean): Seen => ({
  kind: 'pages',
  addr,
  order,
  leaf,
});

const range = { vaddr: 0x10000000n, size: 0x4000n };
const P = 5;

function generic(name: string, call: Generic, errno: string, seen: Seen = nothing): RfcCall {
  return { name, bytes: genericBytes(call), errno, seen };
}

function opaque(
  name: string,
  words: readonly [bigint, bigint],
  errno: string,
  seen: Seen = nothing,
): RfcCall {
  return { name: `opaque: ${name}`, bytes: opaqueBytes(words[0], words[1]), errno, seen };
}

function bind(
  name: string,
  words: readonly [number, number, number, number],
  errno: string,
): RfcCall {
  const bytes = Buffer.alloc(16);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return { name, bytes, errno, seen: nothing, bind: true };
}

const both = PASID | VADDR;
const sixteenK = pages(0x10000000n, 2, false);
const sixteenKLeaf = pages(0x10000000n, 2, true);
const pasidWord = BigInt(P) << 32n;

export const RFC_CALLS: readonly RfcCall[] = [
  // Before the PASID is the container's: what is well formed and restricted to it is not found.
  generic('PASID, not bound', { scope: PASID, pasid: P }, 'ENOENT'),
  generic('PASID + VADDR, not bound', { scope: both, pasid: P, ...range }, 'ENOENT'),
  opaque('PASID IOTLB, not bound', [0x40026n | pasidWord, 0n], 'ENOENT'),
  bind('bind', [16, 0, P, 0], 'ok'),
  bind('bind again', [16, 0, P, 0], 'EEXIST'),
  bind('bind, PASID too wide', [16, 0, 1 << 20, 0], 'EINVAL'),
  bind('bind, unknown flag', [16, 2, P + 1, 0], 'EINVAL'),
  // The table, row by row.
  generic('0', { scope: 0, pasid: 77, vaddr: 0x123n, size: 0n }, 'ok', domain),
  generic('0 NO_PASID', { scope: 0, flags: NO_PASID }, 'ok', domain),
  generic('0 LEAF', { scope: 0, flags: LEAF }, 'EINVAL'),
  generic('0 NO_PASID LEAF', { scope: 0, flags: NO_PASID | LEAF }, 'EINVAL'),
  generic('PASID', { scope: PASID, pasid: P }, 'ok', domain),
  generic('PASID NO_PASID', { scope: PASID, flags: NO_PASID, pasid: P }, 'EINVAL'),
  generic('PASID NO_PASID LEAF', { scope: PASID, flags: NO_PASID | LEAF, pasid: P }, 'EINVAL'),
  generic('PASID LEAF', { scope: PASID, flags: LEAF, pasid: P }, 'EINVAL'),
  generic('VADDR', { scope: VADDR, ...range }, 'ok', sixteenK),
  generic('VADDR NO_PASID', { scope: VADDR, flags: NO_PASID, ...range }, 'ok', sixteenK),
  generic('VADDR LEAF', { scope: VADDR, flags: LEAF, ...range }, 'ok', sixteenKLeaf),
  generic(
    'VADDR NO_PASID LEAF',
    { scope: VADDR, flags: NO_PASID | LEAF, ...range },
    'ok',
    sixteenKLeaf,
  ),
  generic('PASID + VADDR', { scope: both, pasid: P, ...range }, 'ok', sixteenK),
  generic(
    'PASID + VADDR LEAF',
    { scope: both, flags: LEAF, pasid: P, ...range },
    'ok',
    sixteenKLeaf,
  ),
  generic('PASID + VADDR NO_PASID', { scope: both, flags: NO_PASID, pasid: P, ...range }, 'EINVAL'),
  generic('PASID + VADDR NO_PASID LEAF', { scope: both, flags: 3, pasid: P, ...range }, 'EINVAL'),
  // What the table leaves to the kernel.
  generic('unknown scope', { scope: 4 }, 'EINVAL'),
  generic('unknown flag', { scope: 0, flags: 4 }, 'EINVAL'),
  generic('argsz too small', { scope: 0, argsz: 28 }, 'EINVAL'),
  generic('no size', { scope: VADDR, vaddr: 0x10000000n, size: 0n }, 'EINVAL'),
  generic('wraps', { scope: VADDR, vaddr: 0xffffffff_fffff000n, size: 0x2000n }, 'EINVAL'),
  generic(
    'not page-aligned',
    { scope: VADDR, vaddr: 0x10000800n, size: 0x10n },
    'ok',
    pages(0x10000000n, 0, false),
  ),
  generic(
    'three pages',
    { scope: VADDR, vaddr: 0x10001000n, size: 0x3000n },
    'ok',
    pages(0x10000000n, 2, false),
  ),
  generic('hint GLOBAL', { scope: VADDR, ...range, hints: 1 }, 'ok', sixteenK),
  generic('hint GLOBAL, whole', { scope: 0, hints: 1 }, 'ok', domain),
  generic('hint unknown', { scope: 0, hints: 2 }, 'EOPNOTSUPP'),
  generic('PASID too wide', { scope: PASID, pasid: 1 << 20 }, 'EINVAL'),
  // The opaque layout: descriptors as a guest wrote them, its domain number 4 not the host's.
  opaque('IOTLB global', [0xd2n, 0n], 'ok', domain),
  opaque('IOTLB domain', [0x400e2n, 0n], 'ok', domain),
  opaque('IOTLB page, leaf', [0x400f2n, 0x10000042n], 'ok', sixteenKLeaf),
  opaque('IOTLB page', [0x400f2n, 0x10000002n], 'ok', sixteenK),
  opaque('IOTLB page, not aligned', [0x400f2n, 0x10001002n], 'EINVAL'),
  opaque('PASID IOTLB, all', [0x40026n | pasidWord, 0n], 'ok', domain),
  opaque('PASID IOTLB, page', [0x40036n | pasidWord, 0x10000002n], 'ok', sixteenK),
  opaque('no granularity', [0x40002n, 0n], 'EINVAL'),
  opaque('reserved bits', [0x1000000d2n, 0n], 'EINVAL'),
  opaque('context cache', [0x11n, 0n], 'EOPNOTSUPP'),
  opaque('wait', [0x200000025n, 0x1000n], 'EOPNOTSUPP'),
  {
    name: 'opaque: another model',
    bytes: opaqueBytes(0xd2n, 0n, 1),
    errno: 'EOPNOTSUPP',
    seen: nothing,
  },
  bind('unbind', [16, 1, P, 0], 'ok'),
  bind('unbind again', [16, 1, P, 0], 'ENOENT'),
  generic('PASID, unbound', { scope: PASID, pasid: P }, 'ENOENT'),
];

/** What the probes answer for each mask of served layouts: 0 none, 1 explicit, 2 opaque, 3 both. */
export const PROBE_ANSWERS = [
  { opaque: 'ENOTTY', generic: 'ENOTTY' },
  { opaque: 'EINVAL', generic: 'EOPNOTSUPP' },
  { opaque: 'EOPNOTSUPP', generic: 'EINVAL' },
  { opaque: 'EOPNOTSUPP', generic: 'EOPNOTSUPP' },
] as const;
