// tracefs text: descriptors, unmaps, implied barriers, loss lines, and what is said when nothing fits.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { importTrace } from '../../../collector/sources/import.ts';
import { capture } from '../../support/fixtures.ts';
import { kindsOf, readContent, readSource, type Row } from '../../support/read-source.ts';

const line = (cpu: number, time: string, event: string, flags = ' dl.2.'): string =>
  `              dd-188     [00${cpu}]${flags}    ${time}: ${event}\n`;
const iotlb = (page: number, did = 4, iommu = 'dmar0'): string =>
  `qi_submit: iotlb_inv ${iommu}: 0x${((did << 16) | 0xf2).toString(16)} 0x${page.toString(16)}000 0x0 0x0`;
const shape = (rows: readonly Row[]): string =>
  rows
    .map((row) => ({ barrier: '|', iotlb: 'I', 'device-tlb': 'D', unmap: 'U' })[row.kind] ?? 'c')
    .join('');

void test('text of real guests gives one row a qi_submit and one an unmap, counted by their lines', async () => {
  for (const name of ['vtd-legacy', 'vtd-sm', 'host-vtd-nested', 'smmuv3']) {
    const text = readFileSync(capture(`${name}.ftrace.txt`), 'latin1');
    const { rows, facts, losses, source } = await readSource(capture(`${name}.ftrace.txt`));
    const kinds = kindsOf(rows);
    const submits = [...text.matchAll(/ qi_submit: /g)].length;
    const unmaps = [...text.matchAll(/ unmap: IOMMU/g)].length;
    assert.equal(source, 'ftrace');
    assert.equal(rows.length - (kinds.barrier ?? 0) - (kinds.unmap ?? 0), submits, name);
    assert.equal(kinds.unmap ?? 0, unmaps, name);
    // Unmaps alone show no wait, and imply none.
    assert.equal(facts.barriers, submits > 0 ? 'implied' : 'unknown', name);
    assert.equal(losses.lost, 0);
  }
});

void test('every descriptor keeps its four words, and where the text shows them, domain, range and CPU', async () => {
  const { rows, facts } = await readContent(line(1, '12.803151', iotlb(0xfffa0)));
  assert.deepEqual(facts.streams, [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'dmar0' }]);
  assert.equal(facts.clock.start_ns, '12803151000');
  const [row] = rows;
  assert.equal(row.raw, 'f2000400000000000000faff00000000'.padEnd(64, '0'));
  assert.deepEqual(
    [row.kind, row.domain, row.range, row.cpu, row.t],
    ['iotlb', 4, 'fffa0+1', 1, 0],
  );
});

void test("the implied barriers of an ATS guest pair each IOTLB with its device-TLB, as QEMU's waits do", async () => {
  const { rows } = await readSource(capture('vtd-sm.ftrace.txt'));
  const submits = shape(rows.filter((row) => row.kind !== 'unmap'));
  assert.match(submits, /^(?:ID?\|)+$/);
  assert.equal([...submits.matchAll(/ID\|/g)].length, 75);
});

void test('a run ends at another CPU, a cache_tag or iommu event, another range, a tag again, and 16', async () => {
  const run = async (lines: readonly string[]): Promise<string> =>
    shape((await readContent(lines.join(''))).rows);
  const one = line(0, '1.000001', iotlb(1));
  assert.equal(
    await run([one, line(0, '1.000002', iotlb(1, 5))]),
    'II|',
    'one range, two domains: one flush',
  );
  assert.equal(await run([one, line(1, '1.000002', iotlb(1, 5))]), 'I|I|', 'another CPU');
  assert.equal(await run([one, line(0, '1.000002', iotlb(2, 5))]), 'I|I|', 'another range');
  assert.equal(await run([one, one]), 'I|I|', 'a tag again');
  const border =
    'cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 4 [0x1000-0x1fff] addr 0x1000 mask 0x0';
  assert.equal(
    await run([one, line(0, '1.000002', border), line(0, '1.000003', iotlb(1, 5))]),
    'I|I|',
  );
  assert.equal(
    await run([one, line(1, '1.000002', border), line(0, '1.000003', iotlb(1, 5))]),
    'II|',
  );
  const many = Array.from({ length: 17 }, (_, did) => line(0, `1.0000${10 + did}`, iotlb(1, did)));
  assert.equal(await run(many), `${'I'.repeat(16)}|I|`);
});

void test('each IOMMU is a stream of its own, with its own runs', async () => {
  const { rows, facts } = await readContent(
    [
      line(0, '1.000001', iotlb(1)),
      line(1, '1.000002', iotlb(1, 4, 'dmar1')),
      line(0, '1.000003', iotlb(1, 5)),
    ].join(''),
  );
  assert.deepEqual(
    facts.streams.map((stream) => stream.name),
    ['dmar0', 'dmar1'],
  );
  assert.equal(shape(rows.filter((row) => row.stream === 0)), 'II|');
  assert.equal(shape(rows.filter((row) => row.stream === 1)), 'I|');
});

void test('configuration and interrupt-entry descriptors are submissions of their own', async () => {
  const { rows } = await readContent(
    [
      line(0, '1.000001', 'qi_submit: cc_inv dmar0: 0x11 0x0 0x0 0x0'),
      line(0, '1.000002', 'qi_submit: iotlb_inv dmar0: 0xd2 0x0 0x0 0x0'),
      line(0, '1.000003', 'qi_submit: iec_inv dmar0: 0x4 0x0 0x0 0x0'),
    ].join(''),
  );
  assert.equal(shape(rows), 'c|I|c|');
});

void test('without latency columns, with a tgid column, with nine digits, as perf script or trace-cmd print it', async () => {
  const event = 'iotlb_inv dmar0: 0x400f2 0xfffa0004 0x0 0x0';
  const forms = [
    `              dd-188     [000]    12.803151: qi_submit: ${event}\n`,
    `              dd-188     (    188) [000] d..2    12.803151: qi_submit: ${event}\n`,
    `   my [0]-prog-188       [000] dl.2.    12.803151: qi_submit: ${event}\n`,
    `              dd   188 [000]    12.803151:             intel_iommu:qi_submit: ${event}\n`,
    `              dd   188/188   [000]    12.803151000:             intel_iommu:qi_submit: ${event}\n`,
    `              dd-188   [000]    12.803151: qi_submit:            ${event}\n`,
    `              dd-188     [000] dl.2.    12.803151: qi_submit: iotlb_inv dmar0: 400f2 fffa0004 0 0\r\n`,
  ];
  for (const form of forms) {
    const { rows, facts } = await readContent(form);
    assert.equal(shape(rows), 'I|', form);
    assert.equal(rows[0].range, 'fffa0+10', form);
    assert.equal(facts.clock.start_ns, '12803151000', form);
  }
});

void test("perf script's text of the real perf.data is read as well", async () => {
  for (const name of ['vtd-legacy.perf.script.txt', 'vtd-legacy.perf.script-ns.txt']) {
    const { rows } = await readSource(capture(name));
    const kinds = kindsOf(rows);
    assert.deepEqual([kinds.iotlb, kinds.unmap], [10, 5], name);
  }
});

void test('an unmap counts what was unmapped, end exclusive, and implies no barrier', async () => {
  const text =
    'unmap: IOMMU: iova=0x00000000fffa0000 - 0x00000000fffb0000 size=65536 unmapped_size=65536';
  const { rows, facts } = await readContent(line(0, '12.807546', text));
  assert.deepEqual(
    rows.map((row) => [row.kind, row.range, row.domain]),
    [['unmap', 'fffa0+10', undefined]],
  );
  assert.match(facts.barrierRule ?? '', /no barrier is implied/);
});

void test('lost and overwritten events are counted with their place, and end the runs', async () => {
  const { rows, losses } = await readContent(
    [
      '# tracer: nop\n# entries-in-buffer/entries-written: 10/12   #P:2\n',
      line(0, '1.000001', iotlb(1)),
      'CPU:1 [LOST 22 EVENTS]\n',
      line(0, '1.000003', iotlb(1, 5)),
      'CPU:0 [LOST EVENTS]\n',
    ].join(''),
  );
  assert.equal(shape(rows), 'I|I|');
  assert.deepEqual(
    losses.details.map((loss) => [loss.at, loss.lost]),
    [
      [2, 2],
      [4, 22],
      [6, 1],
    ],
  );
  assert.deepEqual(losses.tally(), { seen: 29, kept: 4, lost: 25, skipped: 0 });
});

void test('the clock is what a header comment says, and unknown without one', async () => {
  const event = line(0, '1.000001', iotlb(1));
  const clockOf = async (head: string): Promise<string> =>
    (await readContent(head + event)).facts.clock.name;
  assert.equal(await clockOf('# tracer: nop\n'), 'unknown');
  assert.equal(await clockOf('# clock: mono\n'), 'mono');
  assert.equal(await clockOf('# trace_clock: local global [boot] tai\n'), 'boot');
});

void test('times of a counting clock are refused with what to do', async () => {
  await assert.rejects(
    readContent(`# tracer: nop\n              dd-188     [000] dl.2. 48812803151: ${iotlb(1)}\n`),
    (error) =>
      error instanceof ToolError && error.code === 'E_FORMAT' && /mono/.test(error.hint ?? ''),
  );
});

void test('damaged and cut lines of ours are loss; nothing is guessed from them', async () => {
  const good = line(0, '1.000001', iotlb(1));
  const { rows, losses } = await readContent(
    good +
      line(0, '1.000002', 'qi_submit: iotlb_inv dmar0: 0x400f2 0xfff') +
      line(0, '1.000003', iotlb(2).replace('iotlb', 'cc')) +
      good.slice(0, -6),
  );
  assert.equal(shape(rows), 'I|');
  assert.deepEqual(
    losses.details.map((loss) => loss.at),
    [2, 3, 4],
  );
});

void test('with none of the events the error names what is there and what to record', async () => {
  const text = `# tracer: nop\n${line(0, '1.000001', 'sys_ioctl(fd: 3, cmd: 0x3b86, arg: 0x7ffcca6108b0)')}${line(0, '1.000002', 'sched_switch: prev_comm=a')}`;
  const folder = mkdtempSync(`${tmpdir()}/iotlb-test-`);
  writeFileSync(`${folder}/trace`, text);
  try {
    const interrupt = {
      requested: false,
      signal: new AbortController().signal,
      [Symbol.dispose]: () => undefined,
    };
    const progress = () => ({ update: () => undefined, stop: () => undefined });
    await assert.rejects(
      importTrace(`${folder}/trace`, `${folder}/out.arrow`, {
        source: undefined,
        salvage: false,
        commandLine: '',
        interrupt,
        progress,
      }),
      (error) => {
        assert.ok(error instanceof ToolError);
        assert.match(error.message, /sched_switch/);
        assert.match(error.hint ?? '', /qi_submit.*iommu:unmap/);
        return true;
      },
    );
    assert.equal(existsSync(`${folder}/out.arrow`), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

void test('rows stay whole while the columns grow: 20,000 descriptors give 20,000 requests and as many barriers', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => {
    const micros = String(i).padStart(6, '0');
    return line(0, `1.${micros}`, iotlb(i + 1));
  });
  const { rows } = await readContent(lines.join(''));
  assert.deepEqual(kindsOf(rows), { iotlb: 20_000, barrier: 20_000 });
});

void test('the latency format is read too: CPU and flags in one word, times in us', async () => {
  const { rows, facts, losses } = await readContent(
    [
      '# tracer: nop\n',
      `      dd-188       1d.h3. 12803151us!: ${iotlb(1)}\n`,
      `  <idle>-0         0d..2. 12803160us : ${iotlb(2)}\n`,
    ].join(''),
  );
  assert.equal(shape(rows), 'I|I|');
  assert.deepEqual(
    rows.map((row) => [row.cpu, row.t]),
    [
      [1, 0],
      [1, 0],
      [0, 9000],
      [0, 9000],
    ],
  );
  assert.equal(facts.clock.start_ns, '12803151000');
  assert.deepEqual(losses.tally(), { seen: 4, kept: 4, lost: 0, skipped: 0 });
});
