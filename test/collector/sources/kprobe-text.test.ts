import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { EventBuilder, KIND, RAW_BYTES } from '../../../collector/model/index.ts';
import { kprobeText, KprobeTextParser } from '../../../collector/sources/vmm/kprobe-text.ts';
import { importSources } from '../../../collector/sources/index.ts';
import { capture } from '../../support/fixtures.ts';

/** Six calls of a real process on Linux 7.3.4, of 3, 40, 4, 60, 4 and 0 entries. */
const TEXT = readFileSync(capture('host-iommufd.kprobe.ftrace.txt'));
const ASKED = [3, 40, 4, 60, 4, 0];
const RESULTS = [-22, -22, -22, -22, 0, 0];

function parsed(bytes: Uint8Array, pieceBytes = bytes.length) {
  const out = new EventBuilder();
  const parser = new KprobeTextParser(out);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    parser.push(bytes.subarray(at, at + pieceBytes));
  }
  parser.end();
  return { out, parser };
}

const word = (out: EventBuilder, row: number, at: number): bigint =>
  Buffer.from(out.raw.buffer, out.raw.byteOffset + row * RAW_BYTES).readBigInt64LE(8 * at);

test('kprobe text: each call is its entries and its return', () => {
  const { out, parser } = parsed(TEXT);
  const rows = Array.from({ length: out.count }, (_, row) => row);
  const returns = rows.filter((row) => out.kind[row] === KIND.barrier);
  assert.equal(out.count, ASKED.reduce((a, b) => a + b, 0) + ASKED.length);
  assert.deepEqual(
    returns.map((row, i) => row - (i === 0 ? -1 : returns[i - 1]) - 1),
    ASKED,
  );
  assert.deepEqual(
    returns.map((row) => Number(word(out, row, 0))),
    RESULTS,
  );
  // The first entry of the first call: 32 pages at 0xfff80000, leaf.
  assert.deepEqual([word(out, 0, 0), word(out, 0, 1), word(out, 0, 2)], [0xfff80000n, 32n, 1n]);
  assert.equal(parser.losses.lost, 0);
});

test('kprobe text: it is told apart from other text of tracefs', () => {
  assert.ok(kprobeText.recognises(TEXT.subarray(0, 4096)));
  const others = importSources
    .get('ftrace')
    .forms.flatMap((form) => (form.kind === 'stream' ? [form] : []));
  assert.ok(others.length > 0);
  const plain = readFileSync(capture('vtd-sm.ftrace.txt')).subarray(0, 4096);
  assert.ok(!kprobeText.recognises(plain));
});

test('kprobe text: in pieces of any size it reads the same', () => {
  const whole = parsed(TEXT).out;
  for (const size of [1, 7, 100, 4096]) {
    const { out } = parsed(TEXT, size);
    assert.equal(out.count, whole.count);
    assert.deepEqual(
      out.raw.slice(0, out.count * RAW_BYTES),
      whole.raw.slice(0, out.count * RAW_BYTES),
    );
  }
});

test('kprobe text: cut anywhere, what is read is a prefix, and no call is read in part', () => {
  const whole = parsed(TEXT).out;
  for (let at = 0; at < TEXT.length; at += 97) {
    const { out, parser } = parsed(TEXT.subarray(0, at));
    assert.ok(out.count <= whole.count);
    assert.deepEqual(
      out.raw.slice(0, out.count * RAW_BYTES),
      whole.raw.slice(0, out.count * RAW_BYTES),
    );
    if (out.count > 0) assert.equal(out.kind[out.count - 1], KIND.barrier);
    assert.ok(parser.losses.lost >= 0);
  }
});

test('kprobe text: lost events lose the calls they may belong to, counted by CPU', () => {
  const lines = TEXT.toString('latin1').split('\n');
  const second = lines.findIndex((line, i) => line.includes('inv_enter') && i > 16);
  const lossy = [...lines.slice(0, second), 'CPU:0 [LOST 5 EVENTS]', ...lines.slice(second)];
  const { out, parser } = parsed(Buffer.from(lossy.join('\n'), 'latin1'));
  assert.equal(parser.toldLost.get(0), 5);
  assert.ok(parser.losses.lost > 5);
  assert.ok(out.count < parsed(TEXT).out.count);
});
