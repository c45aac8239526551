// perf.data against perf's own text of it, as a file and piped, and what is refused.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { TimeQueue } from '../../../collector/sources/perf/time-queue.ts';
import { capture } from '../../support/fixtures.ts';
import { readContent, readSource } from '../../support/read-source.ts';
import { zstdStub } from '../../support/zstd-stub.ts';

const SAMPLE = capture('vtd-legacy.perf.data');

void test("samples are those of 'perf script --ns', in its order, to the nanosecond", async () => {
  const native = await readSource(SAMPLE);
  const text = await readSource(capture('vtd-legacy.perf.script-ns.txt'));
  assert.equal(native.source, 'perf');
  assert.equal(native.facts.clock.start_ns, text.facts.clock.start_ns);
  assert.deepEqual(native.rows, text.rows);
  assert.equal(native.rows.filter((row) => row.kind === 'iotlb').length, 10);
  assert.match(native.facts.kernel ?? '', /^7\.2\.13/);
});

/**
 * The same recording as `perf record -o -` writes it: a short header, attributes and tracing data as records
 * (the latter followed by its bytes, padded to 8), then the data.
 */
function asPiped(file: Buffer): Buffer {
  const at64 = (at: number): number => Number(file.readBigUInt64LE(at));
  const record = (type: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(type, 0);
    head.writeUInt16LE(8 + body.length, 6);
    return Buffer.concat([head, body]);
  };
  const head = Buffer.alloc(16);
  head.write('PERFILE2', 'latin1');
  head.writeBigUInt64LE(16n, 8);
  const parts: Buffer[] = [head];
  const attrBytes = at64(16);
  for (let at = at64(24); at < at64(24) + at64(32); at += attrBytes) {
    const idsAt = at64(at + attrBytes - 16);
    const ids = file.subarray(idsAt, idsAt + at64(at + attrBytes - 8));
    parts.push(record(64, Buffer.concat([file.subarray(at, at + attrBytes - 16), ids])));
  }
  const tableAt = at64(40) + at64(48); // the first feature set is TRACING_DATA
  const tracing = file.subarray(at64(tableAt), at64(tableAt) + at64(tableAt + 8));
  const padded = Buffer.alloc(Math.ceil(tracing.length / 8) * 8);
  tracing.copy(padded);
  const size = Buffer.alloc(8);
  size.writeUInt32LE(padded.length, 0);
  parts.push(record(66, size), padded, file.subarray(at64(40), tableAt));
  return Buffer.concat(parts);
}

void test('the piped form, as a file or through a pipe, gives the same rows', async () => {
  const file = await readSource(SAMPLE);
  const piped = await readContent(asPiped(readFileSync(SAMPLE)));
  assert.deepEqual(piped.rows, file.rows);
  assert.equal(piped.facts.clock.start_ns, file.facts.clock.start_ns);
  assert.match(piped.facts.detail ?? '', /piped/);
});

void test('a compressed perf.data is unpacked beside the output and read the same', async () => {
  const file = await readSource(SAMPLE);
  const packed = await readContent(zstdStub(readFileSync(SAMPLE)));
  assert.deepEqual(packed.rows, file.rows);
});

/** The sample with a record put in front of its data section's first record, sizes mended. */
function withRecord(type: number, body: Buffer): Buffer {
  const file = readFileSync(SAMPLE);
  const dataAt = Number(file.readBigUInt64LE(40));
  const dataBytes = Number(file.readBigUInt64LE(48));
  const record = Buffer.alloc(8 + body.length);
  record.writeUInt32LE(type, 0);
  record.writeUInt16LE(record.length, 6);
  body.copy(record, 8);
  const out = Buffer.concat([file.subarray(0, dataAt), record, file.subarray(dataAt)]);
  out.writeBigUInt64LE(BigInt(dataBytes + record.length), 48);
  // The features' sections moved as the table before them did.
  const table = dataAt + dataBytes + record.length;
  let entries = 0;
  for (let at = 72; at < 104; at++)
    for (let bit = 0; bit < 8; bit++) entries += (file[at] >> bit) & 1;
  for (let i = 0; i < entries; i++) {
    const at = table + 16 * i;
    out.writeBigUInt64LE(out.readBigUInt64LE(at) + BigInt(record.length), at);
  }
  return out;
}

void test('LOST records are counted with their place', async () => {
  const body = Buffer.alloc(16);
  body.writeBigUInt64LE(12n, 0);
  body.writeBigUInt64LE(321n, 8);
  const { losses, rows } = await readContent(withRecord(2, body));
  assert.equal(losses.lost, 321);
  assert.equal(losses.tally().seen, rows.length + 321);
  assert.equal(losses.details[0].unit, 'byte');
});

void test('compressed records and AUX data are refused with what to do', async () => {
  for (const type of [81, 83, 71, 11]) {
    await assert.rejects(
      readContent(withRecord(type, Buffer.alloc(16))),
      (error) =>
        error instanceof ToolError &&
        error.code === 'E_NOT_SUPPORTED' &&
        /perf script/.test(error.hint ?? ''),
    );
  }
});

void test('a recording that perf never finished says so', async () => {
  const file = readFileSync(SAMPLE);
  file.writeBigUInt64LE(0n, 48);
  await assert.rejects(
    readContent(file),
    (error) =>
      error instanceof ToolError &&
      error.code === 'E_TRUNCATED' &&
      /never finished/.test(error.message),
  );
});

void test('cuts and flips give rows or a ToolError, never a crash', async () => {
  const file = readFileSync(SAMPLE);
  const survives = async (bytes: Buffer): Promise<void> => {
    try {
      const { rows } = await readContent(bytes, 'perf');
      assert.ok(rows.length < 200);
    } catch (error) {
      assert.ok(error instanceof ToolError, String(error));
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length), (length) => survives(file.subarray(0, length))),
    {
      numRuns: 60,
    },
  );
  const place = fc.oneof(fc.nat(1000), fc.nat(file.length - 1));
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(file);
      bytes[at] ^= flip;
      return survives(bytes);
    }),
    { numRuns: 200 },
  );
});

void test('the time queue hands over what is due in order of time, and keeps the rest', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(50), { maxLength: 30 }), { maxLength: 8 }), (rounds) => {
      const queue = new TimeQueue();
      const out: (readonly [number, number])[] = [];
      const waiting: (readonly [number, number])[] = [];
      let serial = 0;
      const take = (): void => {
        assert.equal(queue.bytes[queue.data], queue.cpu % 256);
        assert.equal(queue.dataEnd - queue.data, 1 + (queue.cpu % 9));
        assert.equal(queue.bytes[queue.dataEnd - 1], queue.cpu % 256);
        out.push([queue.time, queue.cpu]);
      };
      const drain = (until: number): void => {
        const due = waiting
          .filter(([time]) => time <= until)
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        const from = out.length;
        queue.drain(until, take);
        assert.deepEqual(out.slice(from), due);
        for (const entry of due) waiting.splice(waiting.indexOf(entry), 1);
      };
      for (const times of rounds) {
        for (const time of times) {
          const data = new Uint8Array(1 + (serial % 9)).fill(serial % 256);
          queue.add({ time, cpu: serial, tag: 1 }, new DataView(data.buffer), 0, data.length);
          waiting.push([time, serial++]);
        }
        drain(25);
      }
      drain(Number.POSITIVE_INFINITY);
      assert.equal(queue.count, 0);
    }),
  );
});
