// The page of a real comparison: the recording that ships with the project, replayed here, shown whole.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { readReport } from '../../web/node/read-report.ts';
import { SAMPLE, folderFor, iotlb } from '../support/cli.ts';
import { noBrowser, useBrowser } from './browser.ts';

const open = useBrowser();
const STRATEGIES = ['none', 'adjacent', 'window:us=50'];

test('page: shows a real comparison whole, with what it ran on', { skip: noBrowser }, async (t) => {
  const folder = folderFor(t);
  const out = join(folder, 'comparison');
  const flags = STRATEGIES.flatMap((strategy) => ['-s', strategy]);
  const said = iotlb(['compare', SAMPLE, '--asap', '-n', '2', ...flags, '-o', out, '-q']);
  assert.equal(said.code, 0, said.err);
  const report = readReport(join(out, 'report.json'));
  const { page, faults } = await open(folder, report);
  assert.deepEqual(faults, []);
  const heads = await page.locator('.iot-strategies thead .iot-strategy').allInnerTexts();
  assert.deepEqual(heads, STRATEGIES);
  assert.equal(await page.locator('.iot-strategies tbody tr').count(), report.metrics.length);
  assert.equal(await page.locator('figure').count(), report.charts.length);
  assert.equal(await page.locator('.iot-trust li').count(), report.trust.length);
  assert.match(await page.locator('.iot-banner').innerText(), /Not real hardware/);
  assert.equal(
    await page.locator('.iot-runs tbody tr').count(),
    2 * (STRATEGIES.length + 1),
    'the baseline is two arms',
  );
  const bytes = readFileSync(join(folder, 'report.html')).length;
  t.diagnostic(`the page has ${bytes} bytes`);
});
