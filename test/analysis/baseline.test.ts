// What result files are compared with: never whichever file comes first on the command line.

import assert from 'node:assert/strict';
import test from 'node:test';

import { baselineFirst } from '../../analysis/report/from-files.ts';
import { ToolError } from '../../collector/base/index.ts';

test('the baseline of result files is none, wherever it comes', () => {
  assert.deepEqual(baselineFirst(['drain', 'none', 'eager'], undefined), [
    'none',
    'drain',
    'eager',
  ]);
  assert.deepEqual(baselineFirst(['drain', 'none'], 'drain'), ['drain', 'none']);
  assert.deepEqual(baselineFirst(['drain'], undefined), ['drain'], 'one strategy is its own');
});

test('without none the baseline must be named, and be there', () => {
  assert.throws(() => baselineFirst(['drain', 'eager'], undefined), ToolError);
  assert.throws(() => baselineFirst(['drain', 'none'], 'window'), /'window' is not there/);
});
