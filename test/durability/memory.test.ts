// Lengths that lie must not make a reader allocate: peak memory stays under four times the file.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { TraceWriter } from '../../collector/format/index.ts';
import { EventBuilder } from '../../collector/model/index.ts';
import { fillKnown, knownHeader, tallyOf } from './known-rows.ts';

const CHILD = fileURLToPath(new URL('memory-child.js', import.meta.url));
const FACTOR = 4;

/** Writes a recording and returns the offset of its second batch. */
function write(path: string, batches: number, rows: number): number {
  const out = new EventBuilder();
  let second = 0;
  const writer = new TraceWriter(path, knownHeader(0));
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
  write(small, 2, 10);
  const second = write(large, 4, 60_000);
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
