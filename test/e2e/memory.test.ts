// Import of 1,000,000 log lines stays under 300 MB: the one bound on memory that users were promised.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { decompress } from 'fzstd';

import { folderFor } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';

const LINES = 1_000_000;
const LIMIT_MB = 300;
const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

test('import of a million log lines peaks below 300 MB', (t) => {
  const folder = folderFor(t);
  const log = Buffer.from(decompress(readFileSync(fixture('qemu/vtd-legacy-strict.qemu.log.zst'))));
  const whole = log.subarray(0, log.lastIndexOf('\n') + 1);
  const lines = whole.toString('latin1').split('\n').length - 1;
  const path = join(folder, 'big.log');
  writeFileSync(path, '');
  for (let have = 0; have < LINES; have += lines) appendFileSync(path, whole);
  const script = `
    process.argv = [process.argv[0], ${JSON.stringify(MAIN)}, 'import', ${JSON.stringify(path)}, '-o', ${JSON.stringify(join(folder, 'big.arrow'))}];
    process.on('exit', () => process.stderr.write('PEAK ' + process.resourceUsage().maxRSS + '\\n'));
    await import(${JSON.stringify(MAIN)});`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const peakMb = Number(/PEAK (\d+)/.exec(done.stderr)?.[1]) / 1024;
  t.diagnostic(`peak ${peakMb.toFixed(0)} MB`);
  assert.equal(done.status, 0, done.stderr);
  assert.ok(peakMb < LIMIT_MB, `peak was ${peakMb} MB`);
});
