// `iotlb record --libvirt` on a real libvirtd: nothing missed, the guest left as it was, also after kill -9 and
// `--restore`, and waited for.

import assert from 'node:assert/strict';
import { mkdtempSync, existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openTrace } from '../../../collector/format/index.ts';
import { noLibvirt, TestLibvirt } from '../../support/libvirt.ts';
import { countPages } from '../../support/qemu-guest.ts';
import { killAll, startIotlb, until } from '../../support/running-cli.ts';

const skip = noLibvirt();
const LEAST = 2000;

function eventsOf(path: string): number {
  if (!existsSync(path)) return 0;
  using reader = openTrace(path);
  for (const batch of reader.batches()) void batch;
  return reader.end?.events ?? 0;
}

async function started(t: TestContext): Promise<{
  readonly folder: string;
  readonly libvirt: TestLibvirt;
  readonly env: Readonly<Record<string, string>>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-libvirt-'));
  const libvirt = await TestLibvirt.start(folder);
  t.after(async () => {
    killAll();
    await libvirt.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, libvirt, env: { ...libvirt.env, IOTLB_STATE_DIR: join(folder, 'state') } };
}

test(
  'guests of libvirt: recorded without a gap, put back, restored after a kill, and waited for',
  {
    skip,
  },
  async (t) => {
    const { folder, libvirt, env } = await started(t);
    const path = join(folder, 'out.arrow');

    await t.test('a guest that does not run is waited for', async () => {
      const missing = await startIotlb(['record', '--libvirt', 'one', '-o', path], env).ended;
      assert.notEqual(missing.code, 0);
      assert.match(missing.stderr, /failed to get domain 'one'/);
      const waiting = startIotlb(['record', '--libvirt', 'one', '--wait', '-o', path], env);
      libvirt.createGuest('one');
      await until('events', () => (eventsOf(path) >= LEAST ? true : undefined));
      waiting.process.kill('SIGTERM');
      const { code, stderr } = await waiting.ended;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /custom-monitor/);
      using reader = openTrace(path);
      assert.equal(reader.header.guest, 'one');
      assert.ok(countPages(reader.batches()) > 0);
    });

    await t.test('two guests are streams of their own, and are left as they were', async () => {
      libvirt.createGuest('two');
      const logged = ['one', 'two'].map((guest) => libvirt.log(guest));
      const both = join(folder, 'both.arrow');
      const running = startIotlb(['record', '--libvirt', 'one,two', '-o', both], env);
      await until('events', () => (eventsOf(both) >= LEAST ? true : undefined));
      running.process.kill('SIGINT');
      const { code, stderr } = await running.ended;
      assert.equal(code, 0, stderr);
      for (const [i, guest] of ['one', 'two'].entries()) {
        assert.deepEqual(libvirt.eventsOn(guest), []);
        assert.ok(libvirt.log(guest).startsWith(logged[i]));
        assert.match(libvirt.virsh(['domstate', guest]), /running/);
      }
      using reader = openTrace(both);
      assert.equal(reader.header.streams.length, 2);
      for (const stream of [0, 1]) assert.ok(countPages(reader.batches(), stream) > 0);
    });

    await t.test('a killed recorder is undone by --restore', async () => {
      const killed = join(folder, 'killed.arrow');
      const running = startIotlb(['record', '--libvirt', 'one', '-o', killed], env);
      await until('events', () => (eventsOf(killed) >= LEAST ? true : undefined));
      running.process.kill('SIGKILL');
      await running.ended;
      assert.ok(libvirt.eventsOn('one').length > 0);
      const { code, stdout, stderr } = await startIotlb(['record', '--restore'], env).ended;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /libvirt:one: restored/);
      assert.deepEqual(libvirt.eventsOn('one'), []);
      const again = await startIotlb(['record', '--restore'], env).ended;
      assert.match(again.stdout, /nothing to put back/);
    });

    await t.test('a recording ends by itself when its guest is switched off', async () => {
      const last = join(folder, 'last.arrow');
      const running = startIotlb(['record', '--libvirt', 'two', '-o', last], env);
      await until('events', () => (eventsOf(last) >= LEAST ? true : undefined));
      libvirt.virsh(['destroy', 'two']);
      const { code, stderr } = await running.ended;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /ended by end of input/);
    });
  },
);
