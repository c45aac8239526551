// Compressed recordings through the real engine, which reads Arrow by the C++ library: every column of every
// row is what our own reader says, and `load` takes them.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { loadFile } from '../../analysis/store/load.ts';
import { openStore } from '../../analysis/store/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import {
  ALL_PAGES,
  KINDS,
  PRESENT,
  RAW_BYTES,
  type EventBatch,
} from '../../collector/model/index.ts';
import { folderFor, iotlb } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';

const COLUMNS = `toString(seq) AS row, toString(t_ns) AS t_ns, stream, toString(kind) AS kind, scope, flags,
  domain_id, pasid, source_id, toString(addr) AS addr, toString(size) AS size, lower(hex(raw)) AS raw, raw_len,
  submission, cpu`;

/** A row as the engine gives it. */
function rowOf(batch: EventBatch, i: number): object {
  const has = (bit: number): boolean => (batch.present[i] & bit) !== 0;
  const pageBytes = (pages: number): string => (BigInt(pages) * 4096n).toString();
  const size =
    batch.pages[i] >= ALL_PAGES ? (2n ** 64n - 1n).toString() : pageBytes(batch.pages[i]);
  return {
    row: String(batch.firstSeq + i),
    t_ns: String(batch.tNs[i]),
    stream: batch.stream[i],
    kind: KINDS[batch.kind[i]],
    scope: batch.scope[i],
    flags: batch.flags[i],
    domain_id: has(PRESENT.domainId) ? batch.domainId[i] : null,
    pasid: has(PRESENT.pasid) ? batch.pasid[i] : null,
    source_id: has(PRESENT.sourceId) ? batch.sourceId[i] : null,
    addr: has(PRESENT.range) ? pageBytes(batch.page[i]) : null,
    size: has(PRESENT.range) ? size : null,
    raw: Buffer.from(batch.raw.subarray(i * RAW_BYTES, (i + 1) * RAW_BYTES)).toString('hex'),
    raw_len: batch.rawLen[i],
    submission: batch.submission[i],
    cpu: has(PRESENT.cpu) ? batch.cpu[i] : null,
  };
}

test('the engine reads a compressed recording column by column as we do, and loads it', async (t) => {
  const folder = folderFor(t);
  const store = await openStore({ kind: 'embedded', folder: join(folder, 'db') });
  t.after(() => store.close());
  const logs = [
    'traces/vtd-fs-lazy.log',
    'traces/vtd-legacy-strict.log',
    'spec/captures/smmuv3.qemu.log',
  ];
  for (const [n, log] of logs.entries()) {
    const path = join(folder, `${n}.arrow`);
    const imported = iotlb(['import', fixture(log), '-o', path, '-q']);
    assert.equal(imported.code, 0, imported.err);
    using reader = openTrace(path);
    const ours = [...reader.batches()].flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i) => rowOf(batch, i)),
    );
    assert.equal(reader.compression, 'zstd');
    assert.ok(ours.length > 100, `${log}: ${ours.length} rows`);
    const sql = `SELECT ${COLUMNS} FROM file({path:String}, 'Arrow') ORDER BY seq`;
    const theirs = await store.rows({ sql }, { path });
    assert.deepEqual(theirs, ours);
    await loadFile(store, path);
  }
  const loaded = { sql: 'SELECT count() AS n FROM traces FINAL' };
  assert.deepEqual(await store.rows(loaded), [{ n: logs.length }]);
});
