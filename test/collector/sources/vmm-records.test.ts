// What the tap's records become: rows in the order of the calls, streams by descriptor and vIOMMU, losses at
// their place. The programs' own layout is compared with the reader's.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { readObject } from '../../../collector/live/bpf/object.ts';
import { possibleCpus } from '../../../collector/live/bpf/tap.ts';
import { programFile } from '../../../collector/live/program-files.ts';
import { EventBuilder, KIND, PRESENT, RAW_BYTES } from '../../../collector/model/index.ts';
import {
  COUNTERS,
  HEAD_BYTES,
  PROBE,
  RECORD,
  type Counts,
} from '../../../collector/sources/vmm/layout.ts';
import { VmmRecords } from '../../../collector/sources/vmm/records.ts';
import { entriesRecord, mapRecord, returnRecord, unmapRecord } from '../../support/tap-records.ts';

const PROGRAMS = fileURLToPath(
  new URL('../../../../collector/live/bpf/programs/', import.meta.url),
);
const NOTHING: Counts = {
  calls: 0,
  rows: 0,
  returns: 0,
  lostRows: 0,
  lostReturns: 0,
  unreadable: 0,
  beyond: 0,
  untracked: 0,
  probes: 0,
  lostProbes: 0,
};
const page = (number: number): readonly bigint[] => [BigInt(number) << 12n, 1n, 0n];
const done = { result: 0n, done: 1, asked: 1 };

function parsed(records: readonly Buffer[], counts: Partial<Counts>) {
  const out = new EventBuilder();
  const parser = new VmmRecords(out);
  const bytes = Buffer.concat(records);
  const memory = new Uint8Array(bytes);
  const words = new Uint32Array(memory.buffer);
  let at = 0;
  for (const { length } of records) {
    parser.take(memory, words, at);
    at += length;
  }
  parser.close({ ...NOTHING, ...counts });
  return { out, parser, tally: parser.losses.tally(), streams: parser.facts().streams };
}

test('calls of two threads on one descriptor keep the order in which they began, in one stream', () => {
  const { out, tally, streams } = parsed(
    [
      entriesRecord({ ns: 0, thread: 1 }, [page(1), page(2)]),
      entriesRecord({ ns: 50, thread: 2, object: 6 }, [page(3)]),
      returnRecord({ ns: 90, thread: 2, object: 6 }, { ...done, beganNs: 50 }),
      returnRecord({ ns: 120, thread: 1 }, { result: -25n, done: 0, asked: 2, beganNs: 0 }),
    ],
    { calls: 2, rows: 3, returns: 2 },
  );
  assert.deepEqual(tally, { seen: 5, kept: 5, lost: 0, skipped: 0 });
  assert.deepEqual([...out.page.subarray(0, 3)], [1, 2, 3]);
  assert.deepEqual([...out.domainId.subarray(0, 3)], [5, 5, 6]);
  assert.deepEqual([...out.tNs.subarray(0, 5)], [0, 0, 50, 90, 120]);
  assert.deepEqual([...out.stream.subarray(0, 5)], [0, 0, 0, 0, 0]);
  assert.deepEqual(streams, [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'process 100 fd 7' }]);
  const view = new DataView(out.raw.buffer, out.raw.byteOffset + 4 * RAW_BYTES);
  assert.deepEqual(
    [view.getBigInt64(0, true), view.getUint32(12, true), view.getBigUint64(16, true)],
    [-25n, 2, 120n],
  );
});

test('a vIOMMU is a stream of its own, and so is a second descriptor; unmaps stay with their descriptor', () => {
  const command = [0x0000_0011n | (3n << 32n), 0x1000n];
  const { out, streams } = parsed(
    [
      entriesRecord({ ns: 0, object: 9, dataType: 1 }, [command]),
      unmapRecord({ ns: 1, object: 4 }, 0xfee0_a000n, 0x3000n),
      entriesRecord({ ns: 2, object: 8, dataType: 1 }, [command]),
      entriesRecord({ ns: 3, fd: 12 }, [page(1)]),
    ],
    { calls: 4, rows: 4 },
  );
  assert.deepEqual(
    streams.map(({ name }) => name),
    [
      'process 100 fd 7 vIOMMU 9',
      'process 100 fd 7',
      'process 100 fd 7 vIOMMU 8',
      'process 100 fd 12',
    ],
  );
  assert.deepEqual(
    [out.kind[1], out.domainId[1], out.page[1], out.pages[1]],
    [KIND.unmap, 4, 0xfee0a, 3],
  );
});

test('a map is a row of its own kind, with the range that became valid', () => {
  const { out, tally } = parsed([mapRecord({ ns: 5, object: 4 }, 0x10_0000n, 0x2000n)], {
    rows: 1,
  });
  assert.deepEqual(
    [out.kind[0], out.domainId[0], out.page[0], out.pages[0]],
    [KIND.map, 4, 0x100, 2],
  );
  assert.deepEqual(tally, { seen: 1, kept: 1, lost: 0, skipped: 0 });
});

test('what is lost has its place between two records, and the rest is found by the counters', () => {
  const { tally, parser } = parsed(
    [
      entriesRecord({ ns: 0 }, [page(1)]),
      entriesRecord({ ns: 500, lost: 7 }, [page(2)]),
      returnRecord({ ns: 600, lost: 7 }, { ...done, beganNs: 500 }),
    ],
    { calls: 9, rows: 10, returns: 4, lostRows: 8, lostReturns: 2, unreadable: 0 },
  );
  assert.deepEqual(tally, { seen: 14, kept: 3, lost: 11, skipped: 0 });
  const [first, second, third] = parser.losses.details;
  assert.deepEqual([first.lost, first.from_ns, first.to_ns], [7, 0, 500]);
  assert.equal(second.lost, 3);
  assert.match(third.reason, /did not arrive/);
});

test('everything has no range, and entries of another size are kept as they are', () => {
  const { out } = parsed(
    [
      entriesRecord({ ns: 0 }, [[0n, 0xffff_ffff_ffff_ffffn, 0n]]),
      entriesRecord({ ns: 1, dataType: 0xdead_beef }, [[5n], [6n]]),
    ],
    { calls: 2, rows: 3 },
  );
  assert.equal(out.present[0] & PRESENT.range, 0);
  assert.deepEqual([...out.kind.subarray(1, 3)], [KIND.other, KIND.other]);
  assert.deepEqual([...out.rawLen.subarray(1, 3)], [8, 8]);
  assert.equal(out.raw[2 * RAW_BYTES], 6);
});

test('entries whose memory was empty are lost, not rows of zeros', () => {
  const { out, tally } = parsed([entriesRecord({ ns: 0 }, [page(1), [0n, 0n, 0n], page(3)])], {
    calls: 1,
    rows: 3,
  });
  assert.deepEqual(tally, { seen: 3, kept: 2, lost: 1, skipped: 0 });
  assert.deepEqual([...out.page.subarray(0, 2)], [1, 3]);
});

test('programs and reader agree on the layout', () => {
  const header = readFileSync(`${PROGRAMS}tap.h`, 'latin1');
  const defined = (name: string): number =>
    Number(new RegExp(`^#define ${name} (\\d+)`, 'm').exec(header)?.[1]);
  assert.deepEqual(
    [
      ...['ENTRIES', 'UNMAP', 'MAP', 'RETURN', 'PROBE'].map((name) => defined(`TAP_${name}`)),
      ...['COUNTS', 'PROBE_ARGS', 'PROBE_TEXT'].map((name) => defined(`TAP_${name}`)),
    ],
    [...Object.values(RECORD), COUNTERS.length, PROBE.args, PROBE.textBytes],
  );
  assert.equal(HEAD_BYTES, 4 * 4 + 2 * 8 + 4 * 4);
});

test('the compiled programs are those of their sources, and every map they use is described', () => {
  const sources = [/\.bpf\.c$/, /\.h$/].flatMap((kind) =>
    readdirSync(PROGRAMS)
      .filter((name) => kind.test(name))
      .toSorted((a, b) => (a < b ? -1 : 1)),
  );
  const hash = createHash('sha256');
  for (const name of sources) hash.update(readFileSync(PROGRAMS + name));
  assert.equal(
    readFileSync(`${PROGRAMS}built-from`, 'latin1').trim(),
    hash.digest('hex'),
    'npm run build:bpf',
  );
  for (const name of sources.filter((each) => each.endsWith('.bpf.c'))) {
    const object = readObject(programFile(name.slice(0, -'.bpf.c'.length)));
    assert.ok(object.programs.length > 0);
    assert.equal(object.license, 'Dual BSD/GPL');
    for (const { maps } of object.programs) {
      for (const { name: map } of maps) assert.ok(object.maps.has(map), map);
    }
  }
});

test('per-CPU maps have room for every possible CPU', () => {
  assert.deepEqual(['0\n', '0-3\n', '0-7,16-31\n'].map(possibleCpus), [1, 4, 32]);
});
