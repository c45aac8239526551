// Memory stays bounded whatever the size: of an import, of a long plan, of a plan of many streams.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { decompress } from 'fzstd';

import { folderFor } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';
import { runMeasured } from '../support/measured.ts';

const LINES = 1_000_000;
const LIMIT_MIB = 300;

test('import of a million log lines peaks below 300 MiB', (t) => {
  const folder = folderFor(t);
  const log = Buffer.from(decompress(readFileSync(fixture('qemu/vtd-legacy-strict.qemu.log.zst'))));
  const whole = log.subarray(0, log.lastIndexOf('\n') + 1);
  const lines = whole.toString('latin1').split('\n').length - 1;
  const path = join(folder, 'big.log');
  writeFileSync(path, '');
  for (let have = 0; have < LINES; have += lines) appendFileSync(path, whole);
  const { mebibytes } = runMeasured(['import', path, '-o', join(folder, 'big.arrow')]);
  t.diagnostic(`peak ${mebibytes.toFixed(0)} MiB`);
  assert.ok(mebibytes < LIMIT_MIB, `peak was ${mebibytes} MiB`);
});

test('a plan of ten times as many requests takes no more memory', (t) => {
  const folder = folderFor(t);
  const peak = (requests: string): number => {
    const path = join(folder, `${requests}.arrow`);
    runMeasured(['generate', '-q', '-n', requests, '-o', path]);
    const chains = ['none', 'window+adjacent', 'flush-queue'].flatMap((text) => ['-s', text]);
    return runMeasured(['plan', '-q', path, '-d', 'hwpt-vtd-s1', ...chains]).mebibytes;
  };
  const few = peak('200k');
  const many = peak('2M');
  t.diagnostic(`peak ${few.toFixed(0)} MiB at 200,000 requests, ${many.toFixed(0)} at 2,000,000`);
  assert.ok(many < 1.5 * few, `${many} MiB, not ${few}`);
});

test('a plan of a thousand streams holds little of each', (t) => {
  const path = join(folderFor(t), 'streams.arrow');
  runMeasured(['generate', '-q', '-n', '200k', '--streams', '1000', '-o', path]);
  const { mebibytes } = runMeasured([
    'plan',
    '-q',
    path,
    '-d',
    'hwpt-vtd-s1',
    '-s',
    'window+adjacent',
  ]);
  t.diagnostic(`peak ${mebibytes.toFixed(0)} MiB`);
  assert.ok(mebibytes < LIMIT_MIB, `peak was ${mebibytes} MiB`);
});
