// From a real log to counts and plans, through the command. Expected counts are made here from the log's
// text with plain regular expressions, which share nothing with the parser.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';

import { decompress } from 'fzstd';

import { fixture } from '../support/fixtures.ts';
import { SAMPLE, folderFor, iotlb, json } from '../support/cli.ts';

const LOG = Buffer.from(decompress(readFileSync(fixture('qemu/vtd-legacy-strict.qemu.log.zst'))));

interface Info {
  readonly events: number;
  readonly requests: number;
  readonly barriers: number;
  readonly lost: number;
  readonly seen: number;
  readonly skipped: number;
  readonly duration_ns: number;
  readonly by_kind: Readonly<Record<string, number>>;
  readonly by_scope: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly losses: readonly { readonly at: number; readonly reason: string }[];
}

interface PlanJson {
  readonly steps: number;
  readonly entries: number;
  readonly requests: number;
  readonly replayable: number;
  readonly not_replayable: Readonly<Record<string, number>>;
  readonly requested_pages: number;
  readonly issued_pages: number;
  readonly barrier_intervals: number;
  readonly hardware_waits: number;
  readonly verdict: { readonly class: string };
}

/** Counts from the text: one regular expression over descriptor lines, BigInt words, nothing else. */
function countText(log: string): {
  readonly kinds: Map<string, number>;
  readonly pages: bigint;
  readonly spanNs: number;
  readonly lines: number;
} {
  const kinds = new Map<string, number>();
  let pages = 0n;
  const times: number[] = [];
  for (const line of log.split('\n')) {
    const found =
      /^\d+@(\d+)\.(\d{6}):vtd_inv_desc invalidate desc type (\S+) high 0x([0-9a-f]+) low 0x([0-9a-f]+)$/.exec(
        line,
      );
    if (found === null) continue;
    const [, seconds, micros, type, high, low] = found;
    times.push(Number(seconds) * 1e6 + Number(micros));
    const granularity = (BigInt(`0x${low}`) >> 4n) & 3n;
    const name = type === 'iotlb' ? `iotlb-${granularity}` : type;
    kinds.set(name, (kinds.get(name) ?? 0) + 1);
    if (name === 'iotlb-3') pages += 1n << (BigInt(`0x${high}`) & 0x3fn);
  }
  return {
    kinds,
    pages,
    spanNs: ((times.at(-1) ?? 0) - times[0]) * 1000,
    lines: log.split('\n').length - 1,
  };
}

function imported(
  folder: string,
  log: Buffer,
  name = 'guest.log',
): { readonly info: Info; readonly path: string } {
  writeFileSync(join(folder, name), log);
  const path = join(folder, 'guest.arrow');
  const said = iotlb(['import', join(folder, name), '-o', path, '--force']);
  assert.equal(said.code, 0, said.err);
  return { info: json<Info>(iotlb(['info', '--json', path])), path };
}

test('info agrees with counts made from the text of a real log', (t) => {
  const { info } = imported(folderFor(t), LOG);
  const { kinds, spanNs, lines } = countText(LOG.toString('latin1'));
  const count = (name: string): number => kinds.get(name) ?? 0;
  assert.equal(info.by_kind.iotlb, count('iotlb-1') + count('iotlb-2') + count('iotlb-3'));
  assert.equal(info.by_kind.barrier, count('wait'));
  assert.equal(info.by_kind['context-cache'], count('context-cache'));
  assert.equal(info.by_kind['interrupt-entry-cache'], count('iec'));
  assert.equal(info.by_scope.global, count('iotlb-1'));
  assert.equal(info.by_scope.domain, count('iotlb-2'));
  assert.equal(info.by_scope['domain-range'], count('iotlb-3'));
  assert.equal(
    info.events,
    [...kinds.values()].reduce((a, b) => a + b, 0),
  );
  assert.equal(info.requests + info.barriers, info.events);
  assert.equal(info.duration_ns, spanNs);
  assert.equal(info.lost, 0);
  assert.ok(info.seen + info.skipped <= lines);
});

test('plain, gzip and standard input give the same recording', (t) => {
  const folder = folderFor(t);
  const plain = imported(folder, LOG).info;
  const zipped = imported(folder, gzipSync(LOG), 'guest.log.gz').info;
  const path = join(folder, 'stdin.arrow');
  assert.equal(iotlb(['import', '-', '-o', path], { input: LOG }).code, 0);
  const piped = json<Info>(iotlb(['info', '--json', path]));
  for (const other of [zipped, piped]) {
    assert.deepEqual(other.by_kind, plain.by_kind);
    assert.deepEqual(other.by_scope, plain.by_scope);
    assert.equal(other.duration_ns, plain.duration_ns);
  }
});

test('plan agrees with counts made from the text: one ioctl a request, one a barrier interval', (t) => {
  const { path } = imported(folderFor(t), LOG);
  const { kinds, pages } = countText(LOG.toString('latin1'));
  const iotlbRows = ['iotlb-1', 'iotlb-2', 'iotlb-3'].reduce(
    (sum, name) => sum + (kinds.get(name) ?? 0),
    0,
  );
  const plan = json<PlanJson>(iotlb(['plan', '--json', path]));
  assert.equal(plan.steps, iotlbRows);
  assert.equal(plan.entries, iotlbRows);
  assert.equal(plan.replayable, iotlbRows);
  assert.equal(BigInt(plan.requested_pages), pages);
  assert.equal(BigInt(plan.issued_pages), pages);
  assert.equal(plan.hardware_waits, iotlbRows);
  assert.equal(plan.verdict.class, 'strict');
  const refused = Object.values(plan.not_replayable).reduce((a, b) => a + b, 0);
  assert.equal(plan.replayable + refused, plan.requests);
  const barrier = json<PlanJson>(iotlb(['plan', '--json', '-s', 'barrier', path]));
  assert.equal(barrier.steps, plan.barrier_intervals);
});

test('a damaged line is lost with its line number, and nothing else is', (t) => {
  const lines = LOG.toString('latin1').split('\n');
  const at = lines.findIndex((line, i) => i > 100 && line.includes('vtd_inv_desc invalidate'));
  const whole = imported(folderFor(t), LOG).info;
  const broken = [...lines];
  broken[at] = lines[at].replace(' low ', ' lo');
  const { info } = imported(folderFor(t), Buffer.from(broken.join('\n'), 'latin1'));
  assert.equal(info.lost, 1);
  assert.equal(info.events, whole.events - 1);
  assert.equal(info.seen, whole.seen);
  assert.deepEqual(
    info.losses.map((loss) => loss.at),
    [at + 1],
  );
});

test('a log without time stamps is refused with what to switch on', (t) => {
  const folder = folderFor(t);
  const bare = LOG.toString('latin1').replaceAll(/^\d+@\d+\.\d{6}:/gm, '');
  writeFileSync(join(folder, 'bare.log'), bare);
  const said = iotlb(['import', join(folder, 'bare.log'), '-o', join(folder, 'bare.arrow')]);
  assert.equal(said.code, 4);
  assert.match(said.err, /-msg timestamp=on/);
});

test('a log cut anywhere gives the events of its whole lines, and the cut line is counted', (t) => {
  const folder = folderFor(t);
  const cut = LOG.lastIndexOf('vtd_inv_desc invalidate') + 40;
  const { info } = imported(folder, LOG.subarray(0, cut));
  const { kinds } = countText(LOG.subarray(0, LOG.lastIndexOf('\n', cut) + 1).toString('latin1'));
  assert.equal(
    info.events,
    [...kinds.values()].reduce((a, b) => a + b, 0),
  );
  assert.equal(info.lost, 1);
});

test('a compressed log that ends early is refused, and kept up to there when asked', (t) => {
  const folder = folderFor(t);
  const zipped = gzipSync(LOG);
  writeFileSync(join(folder, 'cut.gz'), zipped.subarray(0, zipped.length >> 1));
  const refused = iotlb(['import', join(folder, 'cut.gz'), '-o', join(folder, 'cut.arrow')]);
  assert.equal(refused.code, 4);
  assert.match(refused.err, /nothing was written/);
  const kept = iotlb([
    'import',
    '--salvage',
    join(folder, 'cut.gz'),
    '-o',
    join(folder, 'cut.arrow'),
  ]);
  assert.equal(kept.code, 0, kept.err);
  assert.ok(json<Info>(iotlb(['info', '--json', join(folder, 'cut.arrow')])).events > 100);
});

test('every wrong input ends with its exit code and a message that names it', (t) => {
  const folder = folderFor(t);
  const text = join(folder, 'text.txt');
  const out = join(folder, 'out.arrow');
  writeFileSync(text, 'hello\n'.repeat(100));
  writeFileSync(join(folder, 'empty'), '');
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  const start = join(folder, 'start.arrow');
  writeFileSync(start, readFileSync(SAMPLE).subarray(0, 10_000));
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['info', join(folder, 'absent.arrow')], 4, /absent\.arrow: no such file/],
    [['info', text], 4, /not an iotlb recording/],
    [['info', bare], 4, /bare: holds no recording \(\*\.arrow\); nothing was read/],
    [['info', folder], 4, /start\.arrow: is cut after 0 batches/],
    [['import', text, '-o', out], 4, /not a recording that any source knows/],
    [['import', join(folder, 'empty'), '-o', out], 4, /is empty/],
    [['import', text, '-o', SAMPLE], 2, /exists already/],
    [['import', join(folder, 'absent.log')], 4, /absent\.log: no such file\. Nothing was read\./],
    [['import', SAMPLE, '-o', out], 4, /is a recording already; nothing was written/],
    [['scrub', SAMPLE, '-o', join(folder, 'no', 'x')], 2, /there is no folder .*\/no\. Nothing/],
    [['import', start, '-o', out, '--salvage'], 4, /holds no whole batch; nothing was written/],
    [['import', text, '-o', out, '--source', 'nonsense'], 2, /unknown source 'nonsense'/],
    [['plan', SAMPLE, '-s', 'nonsense'], 2, /unknown strategy 'nonsense'/],
    [['plan', SAMPLE, '-s', 'window:w=3'], 2, /no parameter 'w'/],
    [['plan', SAMPLE, '-s', 'drain+adjacent'], 2, /must come last/],
    [
      ['replay', SAMPLE, '-i', 'iommufd', '--dialect', 'hwpt-vtd-s1'],
      3,
      /cannot run here|--device/,
    ],
    [['replay', SAMPLE, '--speed', '0x'], 2, /factor above 0/],
    [['nonsense'], 2, /there is no command 'nonsense'/],
  ];
  for (const [args, code, message] of cases) {
    const said = iotlb(args);
    assert.equal(said.code, code, `${args.join(' ')}: ${said.err}`);
    assert.match(said.err, message);
    assert.doesNotMatch(said.err, /\n\s+at /, 'an expected failure shows no stack');
  }
});

test('the help of every verb loads and says what the verb does', () => {
  const top = iotlb(['--help']);
  assert.equal(top.code, 0);
  const verbs = [...top.out.matchAll(/^ {2}([a-z-]+) .*$/gm)]
    .map((found) => found[1])
    .filter((verb) => verb !== 'help');
  assert.ok(verbs.length >= 7);
  for (const verb of verbs) {
    const said = iotlb([verb, '--help']);
    assert.equal(said.code, 0, `${verb}: ${said.err}`);
    assert.match(said.out, new RegExp(`Usage: iotlb ${verb}`));
  }
});
