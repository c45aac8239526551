// The lab's own way to make a system call: it checks kernels, so it must not share the replayer's code.
// A failed ioctl is a result here, by its errno name.

import { closeSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';
import { MARK_SLOT } from '../machine.ts';

const libc = koffi.load(null);
const callPointer = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
const callValue = libc.func('int ioctl(int fd, unsigned long request, unsigned long argument)');

const names = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));
names.set(95, 'EOPNOTSUPP'); // Node lists the same number as ENOTSUP too

export interface CallResult {
  readonly value: number;
  /** 'ok', or the errno's name. */
  readonly errno: string;
}

const result = (value: number): CallResult => ({
  value,
  errno: value >= 0 ? 'ok' : (names.get(koffi.errno()) ?? String(koffi.errno())),
});

/** An ioctl whose argument is a structure, which the kernel may write to. */
export const ioctl = (fd: number, request: number, argument: Buffer): CallResult =>
  result(callPointer(fd, request, argument) as number);

/** An ioctl whose argument is a plain number. */
export const ioctlValue = (fd: number, request: number, argument: number): CallResult =>
  result(callValue(fd, request, argument) as number);

/** An ioctl that must succeed; the setting-up of a scenario. */
export function must(what: string, call: CallResult): number {
  if (call.errno !== 'ok') throw new Error(`${what}: ${call.errno}`);
  return call.value;
}

/** The address of a buffer that outlives the call it is used in. */
export const addressOf = (buffer: Buffer): bigint => koffi.address(buffer);

export const openDevice = (path: string): number => openSync(path, 'r+');
export { closeSync };

/** A structure: each field is [offset, bytes, value]. */
export function struct(
  size: number,
  fields: readonly (readonly [number, 4 | 8, number | bigint])[],
): Buffer {
  const bytes = Buffer.alloc(size);
  for (const [offset, width, value] of fields) {
    if (width === 4) bytes.writeUInt32LE(Number(value) >>> 0, offset);
    else bytes.writeBigUInt64LE(BigInt(value), offset);
  }
  return bytes;
}

const MARK_FILE = `/sys/bus/pci/devices/0000:00:${MARK_SLOT}.0/config`;
const INTERRUPT_LINE = 60;
let markFile: number | undefined;

/** Writes a mark that QEMU's trace log shows between the descriptors. */
export function mark(number: number): void {
  markFile ??= openSync(MARK_FILE, 'r+');
  writeSync(markFile, Uint8Array.of(number), 0, 1, INTERRUPT_LINE);
}
