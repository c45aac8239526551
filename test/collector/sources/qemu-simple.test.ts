// QEMU's binary backend: the vector, and logs turned into its records give the log's own rows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { EVENT_TEXTS } from '../../../collector/sources/qemu/event-texts.ts';
import { capture, vectors } from '../../support/fixtures.ts';
import { readContent, readSource } from '../../support/read-source.ts';

const VECTOR = Buffer.from(vectors.qemu_simple_trace_v4.hex, 'hex');

const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, value));
  return out;
};
const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
};

/** The arguments that `text` shows for the conversions of `template`. */
function argumentsOf(template: string, text: string): Buffer {
  const kinds = [...template.matchAll(/%([sdx])/g)].map(([, kind]) => kind);
  const pattern = template
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('%s', '(.+?)')
    .replaceAll('%d', String.raw`(-?\d+)`)
    .replaceAll('%x', '([0-9a-f]+)');
  const values = new RegExp(`^${pattern}$`).exec(text)?.slice(1) ?? [];
  assert.equal(values.length, kinds.length, text);
  return Buffer.concat(
    values.map((value, i) => {
      if (kinds[i] === 's') return Buffer.concat([u32(value.length), Buffer.from(value)]);
      return u64(BigInt(kinds[i] === 'x' ? `0x${value}` : value));
    }),
  );
}

/** A log as the binary backend would have written the same events; others get no arguments. */
function asSimple(log: string): Buffer {
  const ids = new Map<string, bigint>();
  const mappings: Buffer[] = [];
  const events: Buffer[] = [];
  for (const line of log.replace(/\n$/, '').split('\n')) {
    const [, seconds, micros, name, text] = /^\d+@(\d+)\.(\d{6}):(\w+) ?(.*)$/.exec(line) ?? [];
    if (!ids.has(name)) {
      ids.set(name, BigInt(ids.size + 100));
      mappings.push(u64(0n), u64(ids.get(name) ?? 0n), u32(name.length), Buffer.from(name));
    }
    const template = EVENT_TEXTS[name]?.[0];
    const args = template === undefined ? Buffer.alloc(0) : argumentsOf(template, text);
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1000n;
    events.push(u64(1n), u64(ids.get(name) ?? 0n), u64(time), u32(24 + args.length), u32(7), args);
  }
  return Buffer.concat([VECTOR.subarray(0, 24), ...mappings, ...events]);
}

void test('the vector gives its descriptor and its 17 dropped events', async () => {
  const { rows, losses, source } = await readContent(VECTOR);
  assert.equal(source, 'qemu');
  assert.deepEqual(
    rows.map((row) => [row.kind, row.domain, row.range, row.raw]),
    [['iotlb', 4, 'fffa0+10', 'f2000400000000004400faff00000000']],
  );
  assert.equal(losses.lost, 17);
});

void test('a log as binary records gives the very rows of the log, in every family', async () => {
  for (const name of ['vtd-legacy', 'vtd-sm', 'smmuv3', 'virtio-iommu', 'host-smmu-nested']) {
    const log = await readSource(capture(`${name}.qemu.log`));
    const simple = await readContent(asSimple(readFileSync(capture(`${name}.qemu.log`), 'latin1')));
    assert.deepEqual(simple.rows, log.rows, name);
    assert.equal(simple.facts.clock.start_ns, log.facts.clock.start_ns, name);
    assert.equal(simple.facts.clock.name, 'mono');
    assert.equal(simple.losses.lost, 0);
  }
});

void test('a cut record is loss, an impossible one is damage; neither is a crash', async () => {
  const file = asSimple(readFileSync(capture('vtd-sm.qemu.log'), 'latin1'));
  const { losses } = await readContent(file.subarray(0, -3));
  assert.equal(losses.lost, 1);
  const bad = Buffer.from(VECTOR);
  bad.writeUInt32LE(3, 24);
  await assert.rejects(
    readContent(bad),
    (error) => error instanceof ToolError && error.code === 'E_CORRUPT',
  );
  const newer = Buffer.from(VECTOR);
  newer.writeUInt32LE(5, 16);
  await assert.rejects(
    readContent(newer),
    (error) => error instanceof ToolError && error.code === 'E_FORMAT',
  );
});
