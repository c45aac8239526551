// Calls of our own whose every byte is known, to see whether a tap shows them as they were. They name an object
// that does not exist, so the kernel refuses them with ENOENT and nothing happens.

import { closeSync, openSync } from 'node:fs';

import { TAPPED, WORD_BYTES } from '../../sources/vmm/shape.ts';

export const NO_OBJECT = 0x7ffe_d1a1;
const VTD_BYTES = 24;
const VTD_WORDS = VTD_BYTES / WORD_BYTES;

/** Bytes of VT-d entries of which no two words are alike. */
export function knownEntries(count: number): Uint8Array {
  const words = new BigUint64Array(new SharedArrayBuffer(count * VTD_BYTES)); // must not move
  for (let i = 0; i < count; i++) {
    words.set([(0x1000n + BigInt(i)) << 12n, BigInt(i + 1), BigInt(i & 1)], i * VTD_WORDS);
  }
  return new Uint8Array(words.buffer);
}

export const KNOWN_UNMAP = { iova: 0x1234_5000n, length: 0x6000n } as const;

/** Issues IOMMU_HWPT_INVALIDATE with these entries on `device`. Throws where the device cannot be opened. */
export async function issueInvalidate(device: string, entries: Uint8Array): Promise<void> {
  const { default: koffi } = await import('koffi');
  const call = new DataView(new SharedArrayBuffer(32));
  call.setUint32(0, 32, true);
  call.setUint32(4, NO_OBJECT, true);
  call.setBigUint64(8, koffi.address(entries), true);
  call.setUint32(20, VTD_BYTES, true);
  call.setUint32(24, entries.length / VTD_BYTES, true);
  await issue(device, TAPPED.hwptInvalidate, call);
}

/** Issues IOMMU_IOAS_UNMAP of KNOWN_UNMAP. */
export async function issueUnmap(device: string): Promise<void> {
  const call = new DataView(new SharedArrayBuffer(24));
  call.setUint32(0, 24, true);
  call.setUint32(4, NO_OBJECT, true);
  call.setBigUint64(8, KNOWN_UNMAP.iova, true);
  call.setBigUint64(16, KNOWN_UNMAP.length, true);
  await issue(device, TAPPED.ioasUnmap, call);
}

async function issue(device: string, request: number, call: DataView): Promise<void> {
  const { default: koffi } = await import('koffi');
  const ioctl = koffi.load('libc.so.6').func('int ioctl(int fd, size_t request, size_t argument)');
  const fd = openSync(device, 'r+');
  try {
    ioctl(fd, request, koffi.address(call));
  } finally {
    closeSync(fd);
  }
}
