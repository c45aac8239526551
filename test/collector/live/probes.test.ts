// `iotlb record --source qemu --pid`: a program with QEMU's static probes is watched from outside, and what is
// recorded is what it fired, in order and to the word. Where arguments lie is tested on the assembler's words.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { siteBytes } from '../../../collector/live/bpf/arguments.ts';
import { staticProbes } from '../../../collector/live/bpf/notes.ts';
import { missingForBpf } from '../../../collector/live/bpf/support.ts';
import { liveEvents } from '../../../collector/live/qemu/events.ts';
import { openTrace } from '../../../collector/format/index.ts';
import { EventBuilder, KIND, LossLog, RAW_BYTES } from '../../../collector/model/index.ts';
import { qemuLog } from '../../../collector/sources/qemu/log.ts';
import { ProbeLines, probeArguments } from '../../../collector/sources/qemu/probe-lines.ts';
import { buildCaller, Caller, noCompiler } from '../../support/caller.ts';
import { iotlb, killAll, startIotlb, until } from '../../support/running-cli.ts';
import { probeRecord } from '../../support/tap-records.ts';

const COUNT = 20_000;
const skip = missingForBpf()?.message ?? noCompiler();

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-probes-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test('static probes: each that fires is a row, in order, with its words', { skip }, async (t) => {
  const path = join(folderOf(t), 'probes.arrow');
  const caller = await Caller.start(buildCaller(), 'probe', { count: COUNT, gapNs: 20_000 });
  t.after(() => caller.process.kill('SIGKILL'));
  const record = startIotlb(['record', '--pid', String(caller.pid), '-o', path]);
  let said = '';
  record.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('the recorder', () =>
    said.includes('listening to') || record.process.exitCode !== null ? true : undefined,
  );
  assert.equal((await caller.run()).calls, COUNT);
  const { code, stderr } = await record.ended; // ends by itself when the program does
  assert.equal(code, 0, stderr);
  assert.match(stderr, /20,000 events kept of 20,000 seen, 0 lost/);
  using reader = openTrace(path);
  let row = 0;
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++, row++) {
      const isWait = row % 2 === 1;
      assert.equal(batch.kind[i], isWait ? KIND.barrier : KIND.iotlb);
      const words = Buffer.from(batch.raw.subarray(i * RAW_BYTES, i * RAW_BYTES + 16));
      const low = isWait ? 0x100000025n : 0x70032n;
      assert.deepEqual(
        [words.readBigUInt64LE(0), words.readBigUInt64LE(8)],
        [low, BigInt(row) << 12n],
      );
    }
  }
  assert.equal(row, COUNT);
});

test('static probes: under overload kept and lost are what fired', { skip }, async (t) => {
  const path = join(folderOf(t), 'probes.arrow');
  const caller = await Caller.start(buildCaller(), 'probe', { count: 200_000, gapNs: 0 });
  t.after(() => caller.process.kill('SIGKILL'));
  const options = ['--buffer', '64KiB', '-o', path];
  const record = startIotlb(['record', '--pid', String(caller.pid), ...options]);
  let said = '';
  record.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('the recorder', () => (said.includes('listening to') ? true : undefined));
  await caller.run();
  const { stderr } = await record.ended;
  const [, kept, seen, lost] =
    /([\d,]+) events kept of ([\d,]+) seen, ([\d,]+) lost/
      .exec(stderr)
      ?.map((text) => Number(text.replaceAll(',', ''))) ?? [];
  assert.equal(seen, 200_000, stderr);
  assert.equal(kept + lost, seen);
  assert.ok(lost > 0);
});

test(
  'static probes: a binary says where they are, what makes them live, and what is no ELF file says nothing',
  {
    skip: noCompiler(),
  },
  () => {
    const [probe, ...others] = staticProbes(buildCaller());
    assert.deepEqual([probe.provider, probe.name, others.length], ['qemu', 'vtd_inv_desc', 0]);
    assert.ok(probe.offset > 0n && probe.semaphore > 0n);
    assert.deepEqual(staticProbes('/proc/self/cmdline'), []);
    assert.deepEqual(
      staticProbes(process.execPath).filter(({ provider }) => provider === 'qemu'),
      [],
    );
  },
);

interface ReadArgument {
  readonly kind: number;
  readonly at: number;
  readonly value: bigint;
  readonly shift: number;
  readonly isSigned: number;
}

function argumentOf(word: string, arch = 'x64'): ReadArgument | undefined {
  const bytes = siteBytes({ index: 0, texts: 0, args: word }, arch);
  return bytes === undefined
    ? undefined
    : {
        kind: bytes.readUInt32LE(16),
        at: bytes.readUInt32LE(20),
        value: bytes.readBigInt64LE(24),
        shift: bytes.readUInt32LE(32),
        isSigned: bytes.readUInt32LE(36),
      };
}

test('static probes: where an argument lies is read from the words of the note', () => {
  const at = (kind: number, offset: number, value: bigint, shift: number, isSigned: number) => ({
    kind,
    at: offset,
    value,
    shift,
    isSigned,
  });
  // Offsets of struct pt_regs: rdi 112, rax 80, rbp 32, r12 24, rsp 152; arm64 eight bytes a register.
  assert.deepEqual(argumentOf('8@%rdi'), at(2, 112, 0n, 0, 0));
  assert.deepEqual(argumentOf('-4@%edi'), at(2, 112, 0n, 32, 1));
  assert.deepEqual(argumentOf('1@%al'), at(2, 80, 0n, 56, 0));
  assert.deepEqual(argumentOf('2@%r12w'), at(2, 24, 0n, 48, 0));
  assert.deepEqual(argumentOf('8@-1208(%rbp)'), at(3, 32, -1208n, 0, 0));
  assert.deepEqual(argumentOf('4@(%rsp)'), at(3, 152, 0n, 32, 0));
  assert.deepEqual(argumentOf('-4@$-9'), at(1, 0, -9n, 32, 1));
  assert.deepEqual(argumentOf('8@x19', 'arm64'), at(2, 152, 0n, 0, 0));
  assert.deepEqual(argumentOf('-4@[sp, 60]', 'arm64'), at(3, 248, 60n, 32, 1));
  assert.deepEqual(argumentOf('4@5', 'arm64'), at(1, 0, 5n, 32, 0));
  for (const word of ['8@symbol(%rip)', '8@(%rax,%rbx,8)', '16@%xmm0', '8@%ah', 'nonsense']) {
    assert.equal(argumentOf(word), undefined, word);
  }
});

test('static probes: every event that is recorded live has arguments that are known', () => {
  for (const event of liveEvents(true)) assert.notEqual(probeArguments(event), undefined, event);
  assert.deepEqual(probeArguments('vtd_inv_desc'), ['s', 'x', 'x']);
});

test('static probes: a record becomes the line that the log backend writes', () => {
  const losses = new LossLog();
  const events = ['vtd_inv_desc', 'virtio_iommu_unmap'];
  const lines = new ProbeLines(events, { losses, offsetNs: 1_700_000_000_000_000_000n });
  const records = [
    probeRecord(
      { ns: 0, thread: 9, object: 0 },
      { args: [0n, 0xfedc_ba98_7654_3000n, 0x32n], text: 'iotlb' },
    ),
    probeRecord(
      { ns: 1_500_000, thread: 9, object: 1 },
      { args: [5n, 0x1000n, 0x1fffn], text: '' },
    ),
  ];
  const memory = new Uint8Array(Buffer.concat(records));
  const words = new Uint32Array(memory.buffer);
  lines.take(memory, words, 0);
  lines.take(memory, words, records[0].length);
  const text = Buffer.from(lines.lines()).toString();
  const [first, second] = text.split('\n');
  assert.match(
    first,
    /^9@\d+\.\d{6}:vtd_inv_desc invalidate desc type iotlb high 0xfedcba9876543000 low 0x32$/,
  );
  assert.match(second, /:virtio_iommu_unmap domain=5 virt_start=0x1000 virt_end=0x1fff$/);
  const out = new EventBuilder();
  const parser = qemuLog.open(out);
  parser.push(Buffer.from(text));
  parser.end();
  assert.deepEqual([out.kind[0], out.kind[1], out.tNs[1]], [KIND.iotlb, KIND.unmap, 1_500_000]);
});

test(
  'static probes: a process that has none is told what it is',
  { skip: missingForBpf()?.message ?? false },
  (t) => {
    const path = join(folderOf(t), 'probes.arrow');
    const run = iotlb(['record', '--pid', String(process.pid), '-o', path]);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, /no QEMU with static probes/);
  },
);
