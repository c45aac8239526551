// `iotlb record --source vmm`: a replay that makes the calls on /dev/null is tapped, and what is recorded
// is its plan, entry by entry. The order of lines and their loss are tested on text.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ToolError } from '../../../collector/base/index.ts';
import { openTrace } from '../../../collector/format/index.ts';
import { requireTap } from '../../../collector/live/vmm/source.ts';
import { EventBuilder, KIND, PRESENT } from '../../../collector/model/index.ts';
import { vmmText } from '../../../collector/sources/vmm/text.ts';
import { fixture } from '../../support/fixtures.ts';
import { iotlb, killAll, startIotlb, until } from '../../support/running-cli.ts';

const MAIN = fileURLToPath(new URL('../../../main.js', import.meta.url));

function cannot(): string | false {
  try {
    requireTap(process.pid);
    return false;
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-vmm-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** `page pages leaf` of each ranged iotlb row. */
function ranges(path: string): readonly string[] {
  using reader = openTrace(path);
  const found: string[] = [];
  for (const b of reader.batches()) {
    for (let i = 0; i < b.count; i++) {
      if (b.kind[i] !== KIND.iotlb || (b.present[i] & PRESENT.range) === 0) continue;
      found.push(`${b.page[i]} ${b.pages[i]} ${b.flags[i] & 2}`);
    }
  }
  return found;
}

test('a tapped null replay gives its plan back, entry by entry', { skip: cannot() }, async (t) => {
  const folder = folderOf(t);
  const [source, tapped] = [join(folder, 'source.arrow'), join(folder, 'tapped.arrow')];
  const log = fixture('qemu/vtd-legacy-strict.qemu.log.zst');
  assert.equal(iotlb(['import', log, '-o', source]).code, 0);
  // The shell waits for a line, then becomes the replay: its pid is known before the first call.
  const replay = spawn(
    'sh',
    [
      '-c',
      `read go; exec "$0" "$1" replay "$2" --rate 4000 --limit 1500`,
      process.execPath,
      MAIN,
      source,
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  t.after(() => replay.kill('SIGKILL'));
  const tap = startIotlb(['record', '--source', 'vmm', '--pid', String(replay.pid), '-o', tapped]);
  let said = '';
  tap.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('the tap', () => (said.includes('listening to') ? true : undefined));
  replay.stdin.end('go\n');
  const { code, stderr } = await tap.ended; // ends by itself when the replay does
  assert.equal(code, 0, stderr);
  assert.match(stderr, /, 0 lost;/);
  const want = ranges(source);
  const got = ranges(tapped);
  assert.ok(got.length >= 1000, stderr);
  // A replay warms its loop up with calls of its own before the plan begins.
  const first = got.length - Math.min(1500, want.length);
  assert.deepEqual(got.slice(Math.max(0, first)), want.slice(0, got.length - Math.max(0, first)));
});

const HEAD = 'B iotlb-vmm-1 1000\n';
const zeros = (words: number): string => ' 0'.repeat(words);

function parse(text: string): {
  readonly out: EventBuilder;
  readonly lost: number;
  readonly seen: number;
} {
  const out = new EventBuilder();
  const parser = vmmText.open(out);
  parser.push(Buffer.from(text));
  parser.end();
  return { out, lost: parser.losses.lost, seen: parser.losses.seen };
}

test('lines that come out of order are put back in the order of the calls', () => {
  const { out, lost } = parse(
    `${HEAD}X 2200 7 1 0 1\nW 7 2 0 2000 1 0${zeros(9)}\nE 2000 7 1 5 0 24 1\nE 3000 7 2 5 0 24 1\nX 3100 7 2 -25 0\nW 7 1 0 1000 1 1${zeros(9)}\n@enters: 2\n@exits: 2\n@entries: 2\n`,
  );
  assert.equal(lost, 0);
  assert.deepEqual(
    [...out.page.subarray(0, 4)].filter((_, i) => i % 2 === 0),
    [1, 2],
  );
  assert.deepEqual(
    [...out.kind.subarray(0, 4)],
    [KIND.iotlb, KIND.barrier, KIND.iotlb, KIND.barrier],
  );
  assert.deepEqual([...out.tNs.subarray(0, 4)], [0, 200, 1000, 1100]);
  const view = new DataView(out.raw.buffer, out.raw.byteOffset);
  assert.deepEqual([view.getBigInt64(3 * 32, true), view.getUint32(3 * 32 + 12, true)], [-25n, 1]);
});

test('what the kernel counted and no line told is lost, to the entry', () => {
  const { out, lost, seen } = parse(
    `${HEAD}E 2000 7 1 5 0 24 4\nW 7 1 0 1000 1 1 0 2000 1 1 0 3000 1 1 0\nX 2100 7 1 0 4\n@enters: 3\n@exits: 3\n@entries: 12\n`,
  );
  // Of the first call one whole entry is there per three words, the rest and two calls are missing.
  assert.equal(out.count, seen - lost);
  assert.equal(seen, 12 + 3);
});

test('everything and unmaps are rows of their own kinds', () => {
  const { out, lost } = parse(
    `${HEAD}E 2000 7 1 5 0 24 1\nW 7 1 0 0 ffffffffffffffff 0${zeros(9)}\nX 2100 7 1 0 1\nU 3000 7 2 9 fee0a000 3000\nX 3100 7 2 0 0\n@enters: 2\n@exits: 2\n@entries: 2\n`,
  );
  assert.equal(lost, 0);
  assert.equal(out.present[0] & PRESENT.range, 0);
  assert.deepEqual(
    [out.kind[2], out.domainId[2], out.page[2], out.pages[2]],
    [KIND.unmap, 9, 0xfee0a, 3],
  );
});

test('a tap that cannot be made says what is missing', () => {
  assert.throws(() => requireTap(2 ** 22 + 1), /no process/);
  const run = iotlb(['record', '--source', 'vmm']);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /--pid PID/);
});
