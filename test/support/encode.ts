// The other direction: descriptors and commands from named fields, written from the layouts of spec 3–5 and
// sharing nothing with the decoders. BigInt throughout: clarity before speed.

type Fields = Readonly<Record<string, string | number>>;
type Words = readonly [bigint, bigint];

const big = (value: string | number | undefined): bigint => BigInt(value ?? 0);

/** Field `value` at bit `at`. */
const put = (value: string | number | undefined, at: number): bigint => big(value) << BigInt(at);

const PAGE_MASK = 0xffff_ffff_ffff_f000n;
const pages = (value: string | number | undefined): bigint => big(value) & PAGE_MASK;

const VTD: Readonly<Record<string, (f: Fields) => Words>> = {
  'context-cache': (f) => [1n | put(f.g, 4) | put(f.did, 16) | put(f.sid, 32) | put(f.fm, 48), 0n],
  iotlb: (f) => [
    2n | put(f.g, 4) | put(f.dw, 6) | put(f.dr, 7) | put(f.did, 16),
    pages(f.addr) | put(f.ih, 6) | big(f.am),
  ],
  'device-tlb': (f) => [
    3n | pfsid(f) | put(f.max_invs_pend, 16) | put(f.sid, 32),
    pages(f.addr_field) | big(f.s),
  ],
  iec: (f) => [4n | put(f.g, 4) | put(f.im, 27) | put(f.iidx, 32), 0n],
  wait: (f) => [
    5n | put(f.if, 4) | put(f.sw, 5) | put(f.fn, 6) | put(f.pd, 7) | put(f.status_data, 32),
    big(f.status_addr),
  ],
  'pasid-iotlb': (f) => [
    6n | put(f.g, 4) | put(f.did, 16) | put(f.pasid, 32),
    pages(f.addr) | put(f.ih, 6) | big(f.am),
  ],
  'pasid-cache': (f) => [7n | put(f.g, 4) | put(f.did, 16) | put(f.pasid, 32), 0n],
  'pasid-device-tlb': (f) => [
    8n | put(f.max_invs_pend, 4) | pfsid(f) | put(f.sid, 16) | put(f.pasid, 32),
    pages(f.addr_field) | put(f.s, 11) | big(f.global),
  ],
};

function pfsid(f: Fields): bigint {
  const value = big(f.pfsid);
  return ((value & 0xfn) << 12n) | ((value >> 4n) << 52n);
}

/** A VT-d descriptor's low 128 bits. */
export const encodeVtd = (fields: Fields): Words => VTD[String(fields.type)](fields);

/** An SMMUv3 command. */
export function encodeSmmuv3(f: Fields): Words {
  const opcode = Number(f.opcode);
  switch (opcode) {
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
      return [big(opcode) | put(f.ssid, 12) | put(f.sid, 32), big(f.leaf) | big(f.range)];
    case 0x40:
      return [
        0x40n | put(f.global, 9) | put(f.ssv, 11) | put(f.ssid, 12) | put(f.sid, 32),
        pages(f.addr) | big(f.size_log2_4k),
      ];
    case 0x46:
      return [
        0x46n | put(f.cs, 12) | put(f.msh, 22) | put(f.msiattr, 24) | put(f.msidata, 32),
        big(f.msiaddr),
      ];
    default:
      return [
        big(opcode) | put(f.num, 12) | put(f.scale, 20) | put(f.vmid, 32) | put(f.asid, 48),
        pages(f.addr) | big(f.leaf) | put(f.ttl, 8) | put(f.tg, 10),
      ];
  }
}

/** An AMD-Vi INVALIDATE_IOMMU_PAGES command for the aligned range [start, last]. */
export function encodeAmdPages(f: Fields): Words {
  const start = big(f.start);
  const size = big(f.last) - start + 1n;
  // The address field has a one for each bit below the top bit of the size (spec 3.3).
  const field = big(f.s) === 0n ? start : start | ((size >> 1n) - 1n);
  const address = size === 1n << 64n ? 0x7fff_ffff_ffff_f000n : field & PAGE_MASK;
  return [
    (3n << 60n) | put(f.domid, 32) | big(f.pasid),
    address | big(f.s) | put(f.pde, 1) | put(f.gn, 2),
  ];
}

/** Two 64-bit words as the bytes in memory, in hex. */
export function hexOf([first, second]: Words): string {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(first, 0);
  bytes.writeBigUInt64LE(second, 8);
  return bytes.toString('hex');
}
