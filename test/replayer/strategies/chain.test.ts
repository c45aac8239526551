// How chains are written: parameters, presets, modules given by path, and what wrong ones are told.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { planFacts } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';
import { strategies } from '../../../replayer/strategies/index.ts';
import { presets } from '../../../replayer/strategies/presets.ts';
import { openChain } from '../../../replayer/strategies/user-strategy.ts';
import { REAL, realBatch } from '../fixtures.ts';

const vtd = dialects.get('hwpt-vtd-s1');
const source = (path: string): string =>
  fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const example = source('replayer/strategies/examples/same-region.js');
const fixture = (name: string): string => source(`test/fixtures/strategies/${name}`);

const failsWith = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof ToolError &&
  error.code === code &&
  words.test(`${error.message} ${error.hint ?? ''}`);

void test('a chain takes parameters with units and defaults, ns for times', () => {
  const chain = parseChain('flush-queue:timeout=5ms+window:us=20,max=8+window');
  assert.deepEqual(chain.parameters, {
    'flush-queue': { size: 256, timeout: 5e6 },
    window: { us: 20_000, max: 8, early: 1 },
    'window#2': { us: 50_000, max: 64, early: 1 },
  });
  assert.ok(chain.defers && chain.widens);
});

void test('wrong chains say what there is', () => {
  const cases: readonly [string, string, RegExp][] = [
    ['windwo', 'E_UNKNOWN_NAME', /known: none eager barrier .*linux-lazy/],
    ['window:ms=3', 'E_USAGE', /no parameter 'ms'.*us=50/],
    ['window:us=0', 'E_USAGE', /must be above 0/],
    ['window:us=1,us=2', 'E_USAGE', /given twice/],
    ['flush-queue:timeout=10', 'E_USAGE', /no unit of time/],
    ['drain+adjacent', 'E_USAGE', /must come last/],
    ['barrier+doorbell', 'E_USAGE', /must come first/],
    ['window:early=2', 'E_USAGE', /must be 0 or 1/],
    ['linux-lazy:size=3', 'E_USAGE', /takes no parameters.*flush-queue:size=255/],
    ['', 'E_USAGE', /strategy '': a name is missing/],
    ['adjacent+', 'E_USAGE', /strategy 'adjacent\+': a name is missing/],
  ];
  for (const [text, code, words] of cases)
    assert.throws(() => parseChain(text), failsWith(code, words), text);
});

void test('a chain says how it forms calls in a closed loop: by the link that holds, else by its first', () => {
  const window = { kind: 'window', widthNs: 5000, maxCommands: 64, early: true, thenDrain: false };
  const cases: readonly [string, object, number][] = [
    ['none', { kind: 'request', thread: 'waiter' }, 0],
    ['eager', { kind: 'request', thread: 'worker' }, 0],
    ['smmu-range', { kind: 'interval', maxCommands: 65_536 }, 1],
    ['none+aligned', { kind: 'request', thread: 'waiter' }, 1],
    ['doorbell+adjacent', { kind: 'submission' }, 1],
    ['window:us=5', window, 0],
    ['adjacent+window:us=5,early=0', { ...window, early: false }, 1],
    ['window:us=5+drain:max=9', { ...window, thenDrain: true }, 0],
    ['drain:max=9', { kind: 'drain', maxCommands: 9 }, 0],
    ['linux-lazy', { kind: 'released-early', size: 255, timeoutNs: 10e6 }, 1],
  ];
  for (const [text, grouping, joining] of cases) {
    const chain = parseChain(text);
    assert.deepEqual(chain.grouping, grouping, text);
    assert.equal(chain.joining.length, joining, text);
  }
});

void test('every preset stands for a chain that can be opened, and hides no strategy', () => {
  for (const preset of presets.entries) {
    assert.equal(strategies.find(preset.name), undefined, preset.name);
    assert.ok(preset.models.length > 20, preset.name);
    const [one, other] = [preset.name, preset.chain].map((text) =>
      planFacts([realBatch('vtd-fs-strict')], parseChain(text), vtd),
    );
    assert.deepEqual({ ...one, strategy: '' }, { ...other, strategy: '' });
  }
});

void test('presets compose like what they stand for', () => {
  const stages = parseChain('openvmm+window:us=20').stages;
  assert.equal(stages.length, 2);
});

void test('a strategy of one’s own is loaded by path, with parameters, alone and in a chain', async () => {
  for (const name of REAL) {
    for (const text of [example, `${example}:pages=16`, `window+${example}:pages=4+adjacent`]) {
      const chain = await openChain(text);
      const facts = planFacts([realBatch(name)], chain, vtd);
      assert.equal(facts.verdict.class, 'strict', text);
    }
  }
  assert.deepEqual((await openChain(`${example}:pages=16`)).parameters, {
    [example]: { pages: 16 },
  });
});

void test('a module of one’s own joins what falls into one region', async () => {
  const chain = await openChain(`window:us=1000+${example}:pages=512`);
  const plain = planFacts([realBatch('vtd-legacy-strict')], parseChain('window:us=1000'), vtd);
  const own = planFacts([realBatch('vtd-legacy-strict')], chain, vtd);
  assert.ok(own.entries < plain.entries);
  assert.ok(own.widened > 0);
});

const misfits: readonly [string, RegExp][] = [
  ['missing.js', /cannot be loaded/],
  ['not-a-module.js', /cannot be loaded/],
  ['no-export.js', /exports no strategy/],
  ['no-claims.js', /its strategy does not fit: reorders/],
  ['bad-stage.js', /open\(\) must return an object with push and end/],
  ['throws.js', /failed: no such thing.*throws\.js/],
];
for (const [name, words] of misfits) {
  void test(`a module that does not fit is told so: ${name}`, async () => {
    await assert.rejects(
      async () => {
        planFacts([realBatch('vtd-fs-strict')], await openChain(fixture(name)), vtd);
      },
      failsWith('E_FORMAT', words),
    );
  });
}

void test('a module that loses requests and barriers gets a broken plan, with the first of them', async () => {
  const facts = planFacts([realBatch('vtd-fs-strict')], await openChain(fixture('loses.js')), vtd);
  assert.equal(facts.verdict.class, 'broken');
  assert.match(facts.verdict.broken[0].reason, /covers it|never released/);
});
