// A real QEMU that was built with the dtrace trace backend alone, as RHEL and Fedora build it: recorded by its
// static probes without a gap, also when it is reached over QMP. IOTLB_QEMU_PROBES names it.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openTrace } from '../../../collector/format/index.ts';
import { missingForBpf } from '../../../collector/live/bpf/support.ts';
import { countPages, QemuGuest } from '../../support/qemu-guest.ts';
import { killAll, startIotlb, until } from '../../support/running-cli.ts';

const PROGRAM = process.env.IOTLB_QEMU_PROBES ?? '';
const skip =
  PROGRAM === ''
    ? 'IOTLB_QEMU_PROBES names no QEMU with static probes'
    : (missingForBpf()?.message ?? false);
const LEAST = 2000;
/** Firmware of the machine's QEMU: one that was built without installing has none. */
const FIRMWARE = ['/usr/share/seabios', '/usr/share/qemu'].flatMap((folder) => ['-L', folder]);

test(
  'a QEMU without the log backend is recorded by its probes, without a gap',
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'iotlb-qemu-probes-'));
    t.after(() => {
      killAll();
      rmSync(folder, { recursive: true, force: true });
    });
    const guest = await QemuGuest.start(folder, 'one', { program: PROGRAM, args: FIRMWARE });
    t.after(() => guest.stop());
    const ways = [
      ['--pid', String(guest.process.pid)],
      ['--qmp', guest.socket],
    ];
    for (const [i, way] of ways.entries()) {
      const path = join(folder, `${i}.arrow`);
      const running = startIotlb(['record', '-o', path, ...way]);
      await until(`${LEAST} events`, () => {
        if (!existsSync(path)) return undefined;
        using reader = openTrace(path);
        for (const batch of reader.batches()) void batch;
        return (reader.end?.events ?? 0) >= LEAST ? true : undefined;
      });
      running.process.kill('SIGINT');
      const { code, stderr } = await running.ended;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /static probes/);
      using reader = openTrace(path);
      assert.equal(reader.header.source.name, 'qemu');
      assert.ok(countPages(reader.batches()) > 0);
    }
  },
);
