// The page in a real browser: what it shows, what it lets a reader do, and that it asks for nothing.

import assert from 'node:assert/strict';
import test from 'node:test';

import type { ReportJson } from '../../analysis/report/schema.ts';
import { folderFor } from '../support/cli.ts';
import { coloursOf, noBrowser, useBrowser } from './browser.ts';
import { sampleReport } from './sample-report.ts';

const open = useBrowser();
const options = { skip: noBrowser };
const CANVASES = ['rate', 'service', 'stall', 'stall-service', 'lateness'];

test('page: asks for nothing from any network and breaks no policy', options, async (t) => {
  const { page, requests, faults } = await open(folderFor(t), sampleReport());
  await page.locator('#iot-chart-rate').focus();
  await page.keyboard.press('ArrowRight');
  assert.deepEqual(
    requests.filter((url) => !url.startsWith('data:')),
    [],
  );
  assert.deepEqual(faults, []);
});

test('page: draws every chart', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  for (const chart of CANVASES) assert.ok((await coloursOf(page, chart)) > 5, chart);
  assert.equal(await page.locator('#iot-chart-calls .iot-bar').count(), 18);
});

test('page: shows what a model expected beside what was measured', options, async (t) => {
  const report = sampleReport();
  const { page } = await open(folderFor(t), report);
  const rows = await page
    .getByRole('group', { name: 'Expected and measured' })
    .locator('tbody tr')
    .all();
  assert.equal(rows.length, report.strategies.length);
  const first = await rows[0].innerText();
  assert.match(first, /17 ms\s+21.* ms\s+0\.80×\s+15 µs/);
  assert.match(await rows[5].innerText(), /not comparable/);
});

test('page: shows no prediction where no model was given', options, async (t) => {
  const { prediction: _, ...report } = sampleReport();
  const { page } = await open(folderFor(t), report);
  assert.equal(await page.getByText('Expected and measured').count(), 0);
});

test('page: names from a recording are text, never markup', options, async (t) => {
  const hostile = `</script><img src=x onerror="window.pwned=1"><!--<script>`;
  const { page, faults } = await open(folderFor(t), sampleReport({ hostile }));
  assert.equal(await page.locator('img').count(), 0);
  assert.equal(await page.evaluate('window.pwned'), undefined);
  assert.deepEqual(faults, []);
  const head = page.locator('.iot-strategies thead .iot-strategy').nth(1);
  assert.equal(await head.textContent(), hostile);
  assert.ok((await page.title()).includes(hostile));
});

test(
  'page: what did not run on real hardware says so first and beside every chart',
  options,
  async (t) => {
    const { page } = await open(folderFor(t), sampleReport({ provenance: 'lab' }));
    const first = page.locator('main > *').first();
    assert.match(await first.innerText(), /Not real hardware/);
    const chips = await page.locator('figcaption .iot-chip').allInnerTexts();
    assert.deepEqual(new Set(chips), new Set(['lab kernel, emulated IOMMU']));
    assert.equal(chips.length, sampleReport().charts.length);
  },
);

test('page: real hardware is said without alarm', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport({ provenance: 'hardware' }));
  assert.match(await page.locator('.iot-banner').innerText(), /^✓?\s*Real hardware/);
  assert.equal(await page.locator('.iot-banner-unreal').count(), 0);
});

test('page: the keyboard reads values aloud, with their units', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  const live = page.getByRole('status');
  await page.locator('#iot-chart-service').focus();
  await page.keyboard.press('Home');
  assert.match(await live.innerText(), /^p0: none 325 ns, barrier 323 ns/);
  await page.keyboard.press('End');
  assert.match(await live.innerText(), /^p99\.99: none 10\.8 µs/);
  await page.keyboard.press('ArrowLeft');
  assert.match(await live.innerText(), /^p99\.988: /);
});

test('page: charts with the same x share the cursor', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  await page.locator('#iot-chart-service').focus();
  await page.keyboard.press('End');
  const stall = page.locator('figure', { has: page.locator('#iot-chart-stall') });
  assert.equal(await stall.locator('.iot-tip-at').innerText(), 'p99.99');
  const rate = page.locator('figure', { has: page.locator('#iot-chart-rate') });
  assert.equal(await rate.locator('.iot-tip').isVisible(), false);
  await page.keyboard.press('Tab');
  assert.equal(await page.locator('.iot-tip:visible').count(), 0);
});

test('page: a scatter reads one point at a time', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  await page.locator('#iot-chart-stall-service').focus();
  await page.keyboard.press('End');
  const said = await page.getByRole('status').innerText();
  assert.equal(said, 'time in ioctls 21.3 ms: none 340 ms');
});

test('page: a hidden series is hidden in every chart and survives a reload', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  await page.getByRole('button', { name: 'barrier', exact: true }).first().click();
  assert.match(page.url(), /#hide=barrier$/);
  await page.reload();
  await page.locator('html[data-ready]').waitFor();
  const states = await page
    .getByRole('button', { name: 'barrier', exact: true })
    .evaluateAll((buttons) => buttons.map((button) => button.ariaPressed));
  assert.deepEqual(states, ['false', 'false', 'false', 'false']);
});

test(
  'page: dragging zooms the charts of one x together, and it can be undone',
  options,
  async (t) => {
    const { page } = await open(folderFor(t), sampleReport());
    const plot = page.locator('#iot-chart-service .u-over');
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 4 });
    await page.mouse.up();
    assert.match(page.url(), /#zoom=percentile/);
    // The charts over percentiles: service, stall and lateness.
    const resets = page.locator('.iot-reset:visible');
    assert.equal(await resets.count(), 3);
    await page.reload();
    await page.locator('html[data-ready]').waitFor();
    assert.equal(await resets.count(), 3);
    await resets.first().click();
    assert.equal(await resets.count(), 0);
    assert.doesNotMatch(page.url(), /zoom/);
  },
);

test('page: keys zoom about the cursor and Escape shows all again', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  await page.locator('#iot-chart-rate').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('+');
  assert.match(decodeURIComponent(page.url()), /zoom=.*:0:98\d+/);
  await page.keyboard.press('Escape');
  assert.doesNotMatch(page.url(), /zoom/);
});

test(
  'page: a zero on a log scale is drawn on its bottom line and the reader is told',
  options,
  async (t) => {
    const { page } = await open(folderFor(t), sampleReport());
    const stall = page.locator('figure', { has: page.locator('#iot-chart-stall') });
    assert.match(await stall.innerText(), /A log scale has no zero: \d+ points at or below 0/);
    await page.locator('#iot-chart-stall').focus();
    await page.keyboard.press('Home');
    assert.match(await page.getByRole('status').innerText(), /drain 0 ns/);
  },
);

test(
  'page: each chart has its numbers as a table, made when opened, whole when asked',
  options,
  async (t) => {
    const { page } = await open(folderFor(t), sampleReport());
    const rate = page.locator('figure', { has: page.locator('#iot-chart-rate') });
    assert.equal(await rate.locator('table').count(), 0);
    await rate.locator('summary').click();
    assert.equal(await rate.locator('tbody tr').count(), 200);
    assert.equal(await rate.locator('tbody tr').nth(96).locator('td').first().innerText(), '0/s');
    await rate.getByRole('button', { name: /200 rows left/ }).click();
    assert.equal(await rate.locator('tbody tr').count(), 400);
  },
);

test('page: equal values have bars of equal length, and half has half', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport());
  const lengths = await page
    .locator('#iot-chart-calls .iot-bar-fill')
    .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
  const calls = sampleReport().charts.find(({ id }) => id === 'calls');
  const values = (calls?.series ?? []).map(({ y }) => y.map(Number));
  const most = Math.max(...values.flat());
  values[0].forEach((value, i) => {
    const share = lengths[3 * i] / Math.max(...lengths);
    assert.ok(Math.abs(share - value / most) < 0.01, `${value}: ${share}`);
  });
});

test('page: the theme can be chosen and stays in the address', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport(), { scheme: 'light' });
  const paper = (): Promise<string> =>
    page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await paper();
  await page.getByRole('button', { name: 'Dark' }).click();
  assert.notEqual(await paper(), light);
  assert.match(page.url(), /theme=dark/);
});

test('page: on paper it is light and nothing is there to click', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport(), { scheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.iot-switch').isVisible(), false);
  assert.equal(await page.locator('.iot-data').first().isVisible(), false);
  const ink = await page.evaluate('getComputedStyle(document.body).color');
  assert.equal(ink, 'rgb(20, 24, 29)');
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 20_000);
});

test('page: fits a narrow screen without scrolling sideways', options, async (t) => {
  const { page } = await open(folderFor(t), sampleReport(), { width: 420 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 420);
  assert.ok((await coloursOf(page, 'stall')) > 5);
});

test('page: opens with 5,000 points a series', options, async (t) => {
  const { page, faults } = await open(folderFor(t), sampleReport({ points: 5000 }));
  for (const chart of CANVASES) assert.ok((await coloursOf(page, chart)) > 5, chart);
  assert.deepEqual(faults, []);
  const took = await page.evaluate<number>("performance.getEntriesByName('iot-open')[0].duration");
  t.diagnostic(`built in ${took.toFixed(0)} ms on this host as loaded as it is`);
});

test(
  'page: empty charts, no winner and values without ratio are shown as such',
  options,
  async (t) => {
    const { page, faults } = await open(folderFor(t), withGaps(sampleReport()));
    assert.match(await page.locator('.iot-headline').innerText(), /No winner/);
    assert.match(await page.locator('.iot-strategies').innerText(), /no ratio: the baseline is 0/);
    assert.match(await page.locator('.iot-strategies').innerText(), /not measured/);
    assert.deepEqual(faults, []);
  },
);

function withGaps(report: ReportJson): ReportJson {
  const [first, second, ...rest] = report.strategies;
  const { service_total_ns, ...others } = second.values;
  const nothing = { ratio: null, ratio_low: null, ratio_high: null, found: false };
  const values = {
    ...others,
    stall_p50_ns: service_total_ns && { ...service_total_ns, ...nothing },
  };
  return {
    ...report,
    headline: { ...report.headline, winner: null },
    strategies: [first, { ...second, values }, ...rest],
    charts: report.charts.map((chart) => ({
      ...chart,
      series: chart.series.map((series) => ({ ...series, x: [], y: [] })),
    })),
  };
}
