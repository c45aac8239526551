// How fast imports decode, on one core: events per second of CPU time, alternately with the tools that read
// the same data where they are installed. Data are the real samples, repeated with their times moved on.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventBuilder } from '../../collector/model/index.ts';
import { openFeed } from '../../collector/sources/feed.ts';
import { capture, fixture } from '../support/fixtures.ts';
import { asTraceDat } from '../support/trace-dat.ts';

const ROUNDS = 5;
const STEP_NS = 1_000_000_000n;
const PAGE_BYTES = 4096;
const RAW_REPEATS = 300;
const PERF_REPEATS = 20_000;
/** A real recording had a round every 1,367 samples; the sample has 32. */
const ROUND_REPEATS = 43;
const LOG_BYTES = 48 * 1024 * 1024;

export interface BenchRow {
  readonly name: string;
  /** Median over the rounds. */
  readonly value: number;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly goal?: number;
}

/** Against the tools that read the same data (performance goals: at least five times as fast). */
const PEER_GOAL = 5;

interface Case {
  readonly what: string;
  readonly unit: string;
  readonly goal?: number;
  readonly path: string;
  /** Lines or events in the input. */
  readonly count: number;
  readonly peer?: readonly string[];
}

/** Runs every case; progress goes to `story`. */
export async function run(
  story: (text: string) => void = () => undefined,
): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
  try {
    const rows: BenchRow[] = [];
    for (const one of cases(folder)) {
      story(one.what);
      rows.push(...(await measure(one)));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(one: Case): Promise<readonly BenchRow[]> {
  const peer = one.peer !== undefined && isInstalled(one.peer[0]) ? one.peer : undefined;
  const ours: number[] = [];
  const theirs: number[] = [];
  await decodeSeconds(one.path); // warm
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(one.count / (await decodeSeconds(one.path)));
    if (peer !== undefined) theirs.push(one.count / childSeconds(peer));
  }
  const { what, unit, goal } = one;
  const name = `import ${what}`;
  const row = {
    name,
    value: median(ours),
    unit,
    samples: ours,
    ...(goal === undefined ? {} : { goal }),
  };
  if (peer === undefined) return [row];
  const ratios = ours.map((value, i) => value / theirs[i]);
  const tool = peer.slice(0, 2).join(' ');
  return [
    row,
    { name: `${tool} of the same`, value: median(theirs), unit, samples: theirs },
    {
      name: `${name}, against ${tool}`,
      value: median(ratios),
      unit: 'x',
      samples: ratios,
      goal: PEER_GOAL,
    },
  ];
}

/** CPU seconds of reading `path` into columns; the rows are dropped as a writer would take them. */
async function decodeSeconds(path: string): Promise<number> {
  const out = new EventBuilder(131_072);
  const started = process.cpuUsage();
  const feed = await openFeed(path, { source: undefined, spool: `${path}.spool`, out });
  try {
    await feed.run(() => {
      if (out.count >= 65_536) out.clear();
      return true;
    });
    feed.end();
  } finally {
    feed.close();
  }
  const used = process.cpuUsage(started);
  return (used.user + used.system) / 1e6;
}

/** CPU seconds of a child with its output thrown away, by the shell's own count. */
function childSeconds(command: readonly string[]): number {
  const quoted = command.map((word) => `'${word}'`).join(' ');
  const script = `TIMEFORMAT='%U %S'; time ${quoted} >/dev/null 2>&1`;
  const done = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const [user, system] = done.stderr.trim().split(/\s+/).map(Number);
  return user + system;
}

function isInstalled(tool: string): boolean {
  return spawnSync('bash', ['-c', `command -v '${tool}'`]).status === 0;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function cases(folder: string): readonly Case[] {
  const logs = ['vtd-sm', 'smmuv3', 'virtio-iommu'].map((name): Case => {
    const { path, count } = repeatedLog(folder, name);
    return { what: `QEMU log, ${name}`, unit: 'lines/s', goal: 2e6, path, count };
  });
  const raw = repeatedPages();
  const pages = join(folder, 'pages');
  mkdirSync(pages);
  for (const name of ['header_page', 'header_event', 'qi_submit.format']) {
    cpSync(fixture(`vtd-fs-perf/${name}`), join(pages, name));
  }
  raw.cpus.forEach((bytes, cpu) => writeFileSync(join(pages, `raw.cpu${cpu}`), bytes));
  const dat = join(folder, 'trace.dat');
  writeFileSync(dat, asTraceDat(raw.cpus));
  const perf = repeatedPerf(folder);
  return [
    ...logs,
    { what: 'raw ftrace pages', unit: 'events/s', goal: 3e6, path: pages, count: raw.events },
    {
      what: 'trace.dat',
      unit: 'events/s',
      goal: 3e6,
      path: dat,
      count: raw.events,
      peer: ['trace-cmd', 'report', '-i', dat],
    },
    {
      what: 'perf.data',
      unit: 'events/s',
      path: perf.path,
      count: perf.count,
      peer: ['perf', 'script', '-i', perf.path],
    },
  ];
}

/** A sample log again and again: decoding does not mind that times start over. */
function repeatedLog(
  folder: string,
  name: string,
): { readonly path: string; readonly count: number } {
  const bytes = readFileSync(capture(`${name}.qemu.log`));
  const lines = bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  const repeats = Math.ceil(LOG_BYTES / bytes.length);
  const path = join(folder, `${name}.log`);
  writeFileSync(path, Buffer.concat(Array.from({ length: repeats }, () => bytes)));
  return { path, count: lines * repeats };
}

/** The pages of both CPUs, each repetition a second later. */
function repeatedPages(): { readonly cpus: readonly Buffer[]; readonly events: number } {
  const cpus = [0, 1].map((cpu) => {
    const source = readFileSync(fixture(`vtd-fs-perf/raw.cpu${cpu}`));
    const parts = Array.from({ length: RAW_REPEATS }, (_, i) => {
      const copy = Buffer.from(source);
      for (let at = 0; at < copy.length; at += PAGE_BYTES) {
        copy.writeBigUInt64LE(copy.readBigUInt64LE(at) + BigInt(i) * STEP_NS, at);
      }
      return copy;
    });
    return Buffer.concat(parts);
  });
  return { cpus, events: 1672 * RAW_REPEATS };
}

/** The sample's records over and over, each repetition a second later, features moved behind them. */
function repeatedPerf(folder: string): { readonly path: string; readonly count: number } {
  const file = readFileSync(capture('vtd-legacy.perf.data'));
  const dataAt = Number(file.readBigUInt64LE(40));
  const dataBytes = Number(file.readBigUInt64LE(48));
  const samples: Buffer[] = [];
  for (let at = dataAt; at < dataAt + dataBytes; at += file.readUInt16LE(at + 6)) {
    if (file.readUInt32LE(at) === 9)
      samples.push(file.subarray(at, at + file.readUInt16LE(at + 6)));
  }
  const round = Buffer.from([68, 0, 0, 0, 0, 0, 8, 0]);
  const parts: Buffer[] = [file.subarray(dataAt, dataAt + dataBytes)];
  for (let i = 1; i < PERF_REPEATS; i++) {
    for (const sample of samples) {
      const copy = Buffer.from(sample);
      const timeAt = 8 + 8 + 8 + 8; // header, identifier, ip, tid
      copy.writeBigUInt64LE(copy.readBigUInt64LE(timeAt) + BigInt(i) * STEP_NS, timeAt);
      parts.push(copy);
    }
    if (i % ROUND_REPEATS === 0) parts.push(round);
  }
  const data = Buffer.concat(parts);
  const grown = data.length - dataBytes;
  const out = Buffer.concat([file.subarray(0, dataAt), data, file.subarray(dataAt + dataBytes)]);
  out.writeBigUInt64LE(BigInt(data.length), 48);
  let features = 0;
  for (let at = 72; at < 104; at++)
    for (let bit = 0; bit < 8; bit++) features += (file[at] >> bit) & 1;
  for (let i = 0; i < features; i++) {
    const at = dataAt + data.length + 16 * i;
    out.writeBigUInt64LE(out.readBigUInt64LE(at) + BigInt(grown), at);
  }
  const path = join(folder, 'perf.data');
  writeFileSync(path, out);
  return { path, count: samples.length * PERF_REPEATS };
}
