// What our kernel makes of the two layouts of VFIO_BASE + 23 on a container under VT-d (this folder's
// README): the whole domain, or one aligned range, with or without the paging-structure caches.

import { ALL_PAGES } from '../../collector/model/index.ts';
import type { HardwareRow } from './circle.ts';
import { vtdDomainRows } from './kernel-rules.ts';

const LAYOUT_BYTES = 32;
const SCOPE_VADDR = 2;
const FLAG_LEAF = 2;

/** Cuts a call's bytes into requests; the second layout's hints make it longer, by argsz. */
function requests(bytes: Uint8Array): readonly DataView[] {
  const found: DataView[] = [];
  for (let at = 0; at + LAYOUT_BYTES <= bytes.byteLength;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.byteLength - at);
    found.push(view);
    at += Math.max(LAYOUT_BYTES, view.getUint32(0, true));
  }
  return found;
}

function genericRows(request: DataView): readonly HardwareRow[] {
  if ((request.getUint32(4, true) & SCOPE_VADDR) === 0) return vtdDomainRows(undefined);
  const start = request.getBigUint64(16, true);
  const last = start + request.getBigUint64(24, true) - 1n;
  return vtdDomainRows({ start, last, leaf: (request.getUint32(8, true) & FLAG_LEAF) !== 0 });
}

function opaqueRows(request: DataView): readonly HardwareRow[] {
  const granularity = (request.getUint32(16, true) >>> 4) & 3;
  if (granularity !== 3) return vtdDomainRows(undefined);
  const qw1 = request.getBigUint64(24, true);
  const order = Number(qw1 & 0x3fn);
  if (2 ** order >= ALL_PAGES) return vtdDomainRows(undefined);
  const start = qw1 & ~0xfffn;
  return vtdDomainRows({
    start,
    last: start + (4096n << BigInt(order)) - 1n,
    leaf: (qw1 & 0x40n) !== 0n,
  });
}

export const rfcGenericRows = (bytes: Uint8Array): readonly HardwareRow[] =>
  requests(bytes).flatMap((each) => [...genericRows(each)]);

export const rfcOpaqueRows = (bytes: Uint8Array): readonly HardwareRow[] =>
  requests(bytes).flatMap((each) => [...opaqueRows(each)]);
