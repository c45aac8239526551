// Writes a trace.dat of version 6 around ring-buffer pages, for tests and benchmarks.

import { readFileSync } from 'node:fs';

import { fixture } from './fixtures.ts';

const PAGE_BYTES = 4096;

/** A trace.dat of version 6 around the pages (spec 6.5), readable by trace-cmd too; in either byte order. */
export function asTraceDat(cpus: readonly Buffer[], little = true): Buffer {
  const u32 = (value: number): Buffer => {
    const out = Buffer.alloc(4);
    if (little) out.writeUInt32LE(value);
    else out.writeUInt32BE(value);
    return out;
  };
  const u64 = (value: number): Buffer => {
    const out = Buffer.alloc(8);
    if (little) out.writeBigUInt64LE(BigInt(value));
    else out.writeBigUInt64BE(BigInt(value));
    return out;
  };
  const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'latin1');
  const file = (name: string): Buffer => {
    const body = readFileSync(fixture(`vtd-fs-perf/${name}`));
    return Buffer.concat([u64(body.length), body]);
  };
  const head = Buffer.concat([
    Buffer.from('\x17\x08\x44tracing', 'latin1'),
    text('6'),
    Buffer.from([little ? 0 : 1, 8]),
    u32(PAGE_BYTES),
    text('header_page'),
    file('header_page'),
    text('header_event'),
    file('header_event'),
    u32(0), // ftrace's own formats
    u32(1),
    text('intel_iommu'),
    u32(1),
    file('qi_submit.format'),
    u32(0), // kallsyms
    u32(0), // printk
    u64(0), // cmdlines
    u32(cpus.length),
    Buffer.from('options  \0', 'latin1'),
    Buffer.from([0, 0]),
    Buffer.from('flyrecord\0', 'latin1'),
  ]);
  const start = Math.ceil((head.length + 16 * cpus.length) / PAGE_BYTES) * PAGE_BYTES;
  let offset = start;
  const table = cpus.map((bytes) => {
    const entry = Buffer.concat([u64(offset), u64(bytes.length)]);
    offset += bytes.length;
    return entry;
  });
  const gap = Buffer.alloc(start - head.length - 16 * cpus.length);
  return Buffer.concat([head, ...table, gap, ...cpus]);
}
