// The closed loop against the reference values of design §13, which a program apart from this one computed over
// the raw logs. Too large to ship: IOTLB_TRACES names the folder; without it the whole recordings skip.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { folderFor, iotlb, json } from '../support/cli.ts';
import { importFile } from '../support/import-file.ts';

const FOLDER = process.env.IOTLB_TRACES;

interface Planned {
  readonly strategy: string;
  readonly calls: number;
  readonly guest_time_ns: number;
  readonly stall_total_ns: number;
  readonly possible: { readonly is: boolean };
}

/** Calls, guest time and stall in ms, by strategy. */
type Values = Readonly<Record<string, readonly [number, number, number]>>;

interface Case {
  readonly name: string;
  readonly flags: readonly string[];
  readonly values: Values;
}

const same = (text: string, ...values: readonly [number, number, number]): Values =>
  Object.fromEntries(text.split(' ').map((name) => [name, values]));

const CASES: readonly Case[] = [
  {
    name: 'vtd-fs-strict',
    flags: ['--serial', 'domain'],
    values: {
      ...same('none barrier doorbell drain', 65_788, 38_838.782, 65.788),
      'window:us=50,early=0': [65_788, 42_227.055, 3355.158],
      'window:us=500,early=0': [65_788, 70_897.461, 31_845.001],
      'window:us=50': [65_788, 41_264.251, 2487.487],
    },
  },
  {
    name: 'vtd-fs-strict',
    flags: ['--serial', 'cpu'],
    values: {
      ...same('none barrier doorbell', 65_788, 38_838.782, 65.839),
      drain: [65_726, 38_838.731, 65.788],
      'window:us=50,early=0': [63_117, 42_071.186, 3298.243],
      'window:us=500,early=0': [65_318, 70_509.934, 31_736.991],
    },
  },
  {
    name: 'smmuv3-strict',
    flags: ['--serial', 'cpu'],
    values: {
      ...same('none barrier', 31_741, 52_255.518, 32.002),
      doorbell: [31_615, 52_255.39, 31.748],
      drain: [31_604, 52_255.383, 31.741],
      'window:us=50,early=0': [30_771, 53_818.524, 1601.004],
      'window:us=500,early=0': [26_881, 67_196.389, 15_028.555],
      'window:us=50': [30_771, 53_754.592, 1536.753],
    },
  },
  {
    name: 'smmuv3-strict',
    flags: ['--serial', 'cpu', '--service', '10us'],
    values: {
      ...same('none barrier', 31_741, 52_542.287, 321.06),
      doorbell: [31_615, 52_541.116, 318.612],
      drain: [31_603, 52_541.035, 318.535],
      'window:us=50,early=0': [30_733, 54_101.249, 1884.972],
      'window:us=500,early=0': [26_886, 67_465.426, 15_298.21],
    },
  },
];

for (const { name, flags, values } of CASES) {
  const log = join(FOLDER ?? '', `${name}.qemu.log.zst`);
  const skip =
    FOLDER !== undefined && existsSync(log) ? false : `IOTLB_TRACES names no folder with ${name}`;
  void test(
    `${name} ${flags.join(' ')}: the reference values, digit by digit`,
    { skip },
    async (t) => {
      const recording = await importFile(log, join(folderFor(t), 'recording.arrow'));
      const strategies = Object.keys(values).flatMap((text) => ['-s', text]);
      const said = iotlb(['plan', recording, ...strategies, ...flags, '--json']);
      for (const plan of json<readonly Planned[]>(said)) {
        const got = [plan.calls, plan.guest_time_ns / 1e6, plan.stall_total_ns / 1e6];
        assert.deepEqual(
          got.map((value) => value.toFixed(3)),
          values[plan.strategy].map((value) => value.toFixed(3)),
          plan.strategy,
        );
        assert.ok(plan.possible.is, plan.strategy);
      }
    },
  );
}

for (const [name, stallMs] of [
  ['vtd-fs-strict', 395.263],
  ['smmuv3-strict', 190.752],
] as const) {
  const log = join(FOLDER ?? '', `${name}.qemu.log.zst`);
  const skip =
    FOLDER !== undefined && existsSync(log) ? false : `IOTLB_TRACES names no folder with ${name}`;
  void test(`${name}: what an exit of 5 µs adds to the stall of none`, { skip }, async (t) => {
    const recording = await importFile(log, join(folderFor(t), 'recording.arrow'));
    const serial = name === 'vtd-fs-strict' ? 'domain' : 'cpu';
    const flags = ['-s', 'none', '--exit', '5us', '--serial', serial, '--json'];
    const plan = json<Planned>(iotlb(['plan', recording, ...flags]));
    assert.ok(Math.abs(plan.stall_total_ns / 1e6 / stallMs - 1) < 1e-3);
  });
}
