// Lengths that lie must not make a reader allocate: peak memory stays under four times the file, and for a
// compressed file under that and what one batch may expand to.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ROW_BYTES, TraceWriter } from '../../collector/format/index.ts';
import { COMPRESSED_ROWS_LIMIT } from '../../collector/format/schema.ts';
import { EventBuilder } from '../../collector/model/index.ts';
import { batchFrames, tampered } from '../support/tamper.ts';
import { fillKnown, knownHeader, tallyOf } from './known-rows.ts';

const CHILD = fileURLToPath(new URL('memory-child.js', import.meta.url));
const FACTOR = 4;

/** A batch as it is read, uncompressed and as columns, while the one before it may still be there. */
const EXPANDED_BYTES = 2 * 2 * COMPRESSED_ROWS_LIMIT * ROW_BYTES;

/** Writes a recording and returns the offset of its second batch. */
function write(
  path: string,
  shape: { readonly batches: number; readonly rows: number },
  form: 'stream' | 'file' = 'stream',
): number {
  const { batches, rows } = shape;
  const out = new EventBuilder();
  let second = 0;
  const writer = new TraceWriter(path, knownHeader(0), { form });
  for (let i = 0; i < batches; i++) {
    fillKnown(out, writer.rows, rows);
    writer.append(out, tallyOf(out.firstSeq + rows), []);
    if (i === 0) second = writer.bytes;
    out.clear();
  }
  writer.finish(tallyOf(writer.rows), []);
  return second;
}

test('lying lengths never make a reader take more than four times the file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [small, large, damaged] = ['small', 'large', 'damaged'].map((name) => join(folder, name));
  write(small, { batches: 2, rows: 10 });
  const second = write(large, { batches: 4, rows: 60_000 });
  const good = readFileSync(large);
  const metadataBytes = good.readInt32LE(second + 4);
  let most = 0;
  // Every word of the second batch's layout in turn claims a huge length.
  for (const word of [0x7fff_fff8, 0x00ff_fff8, 0xffff_fff0]) {
    for (let at = second + 4; at < second + metadataBytes; at += 8 * 41) {
      const bytes = Buffer.from(good);
      bytes.writeUInt32LE(word, at);
      writeFileSync(damaged, bytes);
      const grown = Number(execFileSync(process.execPath, [CHILD, small, damaged]).toString());
      most = Math.max(most, grown);
    }
  }
  const limit = FACTOR * statSync(large).size;
  t.diagnostic(`at most ${(most / statSync(large).size).toFixed(2)} times the file`);
  assert.ok(most <= limit, `${most} bytes for a file of ${statSync(large).size}`);
});

test('a compressed file takes no more than that and what one batch may expand to, whatever it says', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-memory-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [small, large, damaged] = ['small', 'large', 'damaged'].map((name) => join(folder, name));
  write(small, { batches: 2, rows: 10 }, 'file');
  write(large, { batches: 3, rows: 5000 }, 'file');
  const good = readFileSync(large);
  const [, second] = batchFrames(good);
  const metadataBytes = second.bytes - second.message.bodyBytes;
  let most = 0;
  // Where the body begins are the lengths that compressed buffers state.
  for (let at = 8; at < metadataBytes + 64; at += 8 * 13) {
    const bytes = tampered(good, second, (batch) => batch.writeUInt32LE(0x7fff_fff8, at));
    if (bytes === undefined) continue;
    writeFileSync(damaged, bytes);
    const grown = Number(execFileSync(process.execPath, [CHILD, small, damaged]).toString());
    most = Math.max(most, grown);
  }
  const limit = FACTOR * good.length + EXPANDED_BYTES;
  t.diagnostic(`at most ${(most / 2 ** 20).toFixed(1)} of ${(limit / 2 ** 20).toFixed(1)} MiB`);
  assert.ok(most > 0 && most <= limit, `${most} bytes for a file of ${good.length}`);
});
