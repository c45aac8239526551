// The loop's own tests again, with the native loop built under the address and undefined-behaviour sanitizers:
// the first finding ends the process, and this test fails with it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { buildNative } from '../../../replayer/loop/native/build.ts';
import { folderFor } from '../../support/cli.ts';

const TESTS = ['issue-loop', 'closed-loop', 'waiting', 'noise', 'run'];

/** Runtimes of the sanitizers that gcc has; they have to be loaded before everything else. */
function runtimes(): readonly string[] | undefined {
  const paths = ['libasan.so', 'libubsan.so'].map((name) =>
    spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout?.trim(),
  );
  return paths.every((path) => path !== undefined && existsSync(path)) ? paths : undefined;
}

test("the loop's tests find nothing under the sanitizers", (t) => {
  const preload = runtimes();
  if (preload === undefined) return t.skip('gcc has no sanitizers here');
  const library = join(folderFor(t), 'sanitized.so');
  const flags = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  buildNative({ compiler: 'gcc' }, library, flags);
  const files = TESTS.map((name) => `dist/test/replayer/loop/${name}.test.js`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', ...files], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      LD_PRELOAD: preload.join(' '),
      ASAN_OPTIONS: 'detect_leaks=0', // Node's own
      IOTLB_LOOP_LIBRARY: library,
    },
  });
  assert.equal(status, 0, `${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`);
});
