// A log that is opened again: whatever QEMU does to it, what it held is there afterwards.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { reopenLog } from '../../../collector/live/qemu/kept-log.ts';

const HELD = 'a line\nanother\n';

function logOf(t: TestContext): { readonly folder: string; readonly log: string } {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = join(folder, 'qemu.log');
  writeFileSync(log, HELD);
  return { folder, log };
}

const ways: readonly (readonly [string, (log: string) => void, 'kept' | 'in place'])[] = [
  ['goes on at its end', () => undefined, 'in place'],
  ['has written more since', (log) => appendFileSync(log, 'more\n'), 'in place'],
  ['is emptied', (log) => writeFileSync(log, ''), 'kept'],
  ['is emptied and longer again', (log) => writeFileSync(log, 'x'.repeat(100)), 'kept'],
];

for (const [what, reopen, wanted] of ways) {
  test(`a log that ${what}: its contents are ${wanted}`, async (t) => {
    const { folder, log } = logOf(t);
    const kept = await reopenLog(log, async () => reopen(log));
    if (wanted === 'in place') {
      assert.equal(kept, undefined);
      assert.ok(readFileSync(log, 'latin1').startsWith(HELD));
      assert.deepEqual(readdirSync(folder), ['qemu.log'], 'no copy is left');
    } else {
      assert.equal(readFileSync(kept ?? '', 'latin1'), HELD);
    }
  });
}

test('a log that cannot be kept is not opened again', async (t) => {
  const { log } = logOf(t);
  const long = `${log}${'x'.repeat(240 - 'qemu.log'.length)}`; // room for its own name, not for a copy's
  writeFileSync(long, HELD);
  const reopen = (): Promise<void> => assert.fail('it was told to');
  await assert.rejects(reopenLog(long, reopen), ToolError);
});

test('what is no file is just opened', async () => {
  let opened = 0;
  for (const path of [undefined, '/dev/null', '/nowhere/qemu.log'])
    assert.equal(await reopenLog(path, async () => void opened++), undefined);
  assert.equal(opened, 3);
});
