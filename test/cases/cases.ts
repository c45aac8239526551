// The inputs of test/fixtures/cases with their right values: forms in which captures reach people, each a stretch
// of a log whose contents are known. README.md there says how each comes about.

import type { SourceRun } from '../support/read-source.ts';

export interface Case {
  /** Name of the fixture, without `.zst` where it is stored compressed. */
  readonly file: string;
  readonly what: string;
  /** Rows of these kinds, and no others; undefined where it must be refused. */
  readonly kinds?: Readonly<Record<string, number>>;
  /** What a refusal must say, message and hint. */
  readonly refusal?: RegExp;
  /** Events that must be told as lost, with the lines of the first. */
  readonly lost?: number;
  /** Anything else that must hold. Gives what is wrong. */
  readonly check?: (run: SourceRun) => string | undefined;
}

/** `spec/captures/vtd-legacy.qemu.log`: what undamaged forms of it must give. */
const WHOLE = {
  'interrupt-entry-cache': 58,
  barrier: 217,
  'context-cache': 8,
  iotlb: 151,
} as const;
const FIRST_200 = {
  'interrupt-entry-cache': 8,
  barrier: 23,
  'context-cache': 8,
  iotlb: 8,
} as const;

const hasClock =
  (name: string) =>
  ({ facts }: SourceRun): string | undefined =>
    facts.clock.name === name ? undefined : `clock ${facts.clock.name}, not ${name}`;

const ascending = ({ rows }: SourceRun): string | undefined => {
  const latest = new Map<number, number>();
  for (const [i, { stream, t }] of rows.entries()) {
    if (t < (latest.get(stream) ?? 0)) return `row ${i} is earlier than the one before it`;
    latest.set(stream, t);
  }
  return undefined;
};

/** One step, said, and no row before another or hours after it. */
const hasOneStep =
  (why: RegExp) =>
  (run: SourceRun): string | undefined => {
    const steps = run.facts.clockSteps ?? [];
    if (steps.length !== 1 || !why.test(steps[0].why))
      return `clock steps: ${JSON.stringify(steps)}`;
    const span = (run.rows.at(-1)?.t ?? 0) - run.rows[0].t;
    return span < 60e9 ? ascending(run) : `spans ${span} ns`;
  };

const waitsUnknown = ({ facts }: SourceRun): string | undefined =>
  facts.barriers === 'unknown' ? undefined : `waits are ${facts.barriers}`;

export const CASES: readonly Case[] = [
  {
    file: '01-syslog.log',
    what: "QEMU's syslog backend: steps of 1 s, no year",
    kinds: FIRST_200,
    check: (run) =>
      hasClock('syslog')(run) ??
      (/steps of 1 s/.test(run.warnings.join()) ? undefined : 'the steps are not said'),
  },
  { file: '02-ftrace-marker.txt', what: "QEMU's ftrace backend", kinds: FIRST_200 },
  {
    file: '03-journald.log',
    what: "a prefix before QEMU's own stamp",
    kinds: FIRST_200,
    check: hasClock('realtime'),
  },
  {
    file: '14-interleaved.log',
    what: 'lines cut at 30 characters, the next event on the same line',
    lost: 10,
    check: (run) => {
      const lines = run.losses.details.map(({ at }) => at).join();
      return lines === '11,31,51,71,91,111,131,151,171,191' || lines.split(',').length === 10
        ? undefined
        : `lost at ${lines}`;
    },
  },
  {
    file: '20-unmap-old-kernel.txt',
    what: 'iommu:unmap before Linux 5.17',
    kinds: { unmap: 6 },
    check: (run) =>
      run.rows.map(({ range }) => Number.parseInt(range?.split('+')[1] ?? '', 16)).join() ===
      '1,2,4,32,512,1'
        ? waitsUnknown(run)
        : 'not 1, 2, 4, 32, 512, 1 pages',
  },
  {
    file: '21-unmap-dev-beside-qi.txt',
    what: "iommu:unmap with a vendor's dev=, beside qi_submit",
    kinds: { iotlb: 6, barrier: 6, unmap: 6 },
    check: ascending,
  },
  {
    file: '22-smmu-qemu-8.2.log',
    what: 'SMMUv3 texts of QEMU 8.2',
    check: ({ rows }) => {
      const requests = rows.filter(({ kind }) => kind !== 'barrier').length;
      const tlbi = rows.filter(({ kind }) => kind === 'iotlb').length;
      return requests === 64 && tlbi === 53 ? undefined : `${requests} requests, ${tlbi} TLBI`;
    },
  },
  { file: '23-prefix-changes.log', what: 'the prefix changes in the middle', kinds: WHOLE },
  { file: '24-prog-thread-prefix.log', what: 'PROG(tid:thread): event', kinds: WHOLE },
  { file: '25-iso-whole-second.log', what: 'whole seconds without decimals', kinds: WHOLE },
  {
    file: '26-trace-cmd-two-guests.txt',
    what: 'trace-cmd report of two files',
    check: ({ facts }) =>
      facts.streams.length === 4 &&
      facts.streams.filter(({ name }) => name.startsWith('vm1.dat')).length === 2
        ? undefined
        : `${facts.streams.length} streams`,
  },
  { file: '27-bom-first.log', what: 'a byte-order mark', kinds: WHOLE },
  { file: '28-utf16le.log', what: 'UTF-16', kinds: WHOLE },
  { file: '29-flipped.log.zst', what: 'damaged zstd', refusal: /checksum.*byte \d+/s },
  { file: '30-log.xz', what: 'xz', refusal: /xz -dc/ },
  {
    file: '31-trailing-garbage.log.gz',
    what: 'bytes after the gzip stream',
    kinds: WHOLE,
    check: ({ warnings }) =>
      /bytes follow the end/.test(warnings.join()) ? undefined : 'nothing is said of them',
  },
  { file: '32-monitor-prompt.log', what: '(qemu) before some lines', kinds: WHOLE },
  { file: '33-grep-colour.log', what: 'grep --color', kinds: WHOLE },
  {
    file: '34-perf-script-no-cpu.txt',
    what: 'perf script without its CPU column',
    check: ({ rows }) =>
      rows.length === 25 && rows.every(({ cpu }) => cpu === undefined)
        ? undefined
        : `${rows.length} rows`,
  },
  {
    file: '35-clock-back-2h.log',
    what: 'the clock set back by 2 h',
    kinds: WHOLE,
    check: hasOneStep(/went back by 2 h/),
  },
  {
    file: '36-clock-forward-3d.log',
    what: 'the clock set forward by 3 d',
    kinds: WHOLE,
    check: hasOneStep(/no line for 3 d/),
  },
  {
    file: '37-two-guests-one-log.log',
    what: 'two QEMUs share one stderr',
    kinds: { 'interrupt-entry-cache': 116, barrier: 434, 'context-cache': 16, iotlb: 302 },
    check: ({ facts, rows }) => {
      const each = [0, 1].map((stream) => rows.filter((row) => row.stream === stream).length);
      return facts.streams.length === 2 && each.join() === '434,434'
        ? undefined
        : `${facts.streams.length} streams of ${each.join()} rows`;
    },
  },
  { file: '38-simpletrace-py.txt', what: 'text of simpletrace.py', refusal: /binary trace/ },
  { file: '39-per-cpu-cat.txt', what: 'cat per_cpu/cpu*/trace', check: ascending },
  { file: '40-tp-printk.txt', what: 'tp_printk in the kernel log', check: hasClock('mono') },
  {
    file: '41-amdvi-no-waits.log',
    what: 'AMD-Vi, waits not traced',
    kinds: { iotlb: 40 },
    check: waitsUnknown,
  },
  {
    file: '42-no-waits.log',
    what: 'waits filtered out',
    kinds: { iotlb: 151 },
    check: waitsUnknown,
  },
];
