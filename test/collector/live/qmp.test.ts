// `iotlb record --qmp` on real QEMUs: nothing missed, everything put back, also after kill -9.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openTrace } from '../../../collector/format/index.ts';
import { iotlb, killAll, startIotlb, until, type CliResult } from '../../support/running-cli.ts';
import { QemuGuest, countPages, noQemu, type GuestOptions } from '../../support/qemu-guest.ts';

const skip = noQemu();

interface Place {
  readonly folder: string;
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

function placeOf(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-qmp-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    path: join(folder, 'out.arrow'),
    env: { IOTLB_STATE_DIR: join(folder, 'state') },
  };
}

async function guestOf(
  t: TestContext,
  place: Place,
  name: string,
  options: GuestOptions = {},
): Promise<QemuGuest> {
  const guest = await QemuGuest.start(place.folder, name, options);
  t.after(() => guest.stop());
  return guest;
}

/** Starts recording and waits until there are `events`. */
async function recordUntil(
  place: Place,
  args: readonly string[],
  events: number,
): Promise<ReturnType<typeof startIotlb>> {
  const running = startIotlb(['record', '-o', place.path, ...args], place.env);
  let ended: CliResult | undefined;
  void running.ended.then((result) => (ended = result));
  await until(`${events} events`, () => {
    assert.equal(ended, undefined, ended?.stderr);
    if (!existsSync(place.path)) return undefined;
    using reader = openTrace(place.path);
    for (const batch of reader.batches()) void batch;
    return (reader.end?.events ?? 0) >= events ? true : undefined;
  });
  return running;
}

test('a running QEMU is recorded without a gap and left as it was found', { skip }, async (t) => {
  const place = placeOf(t);
  const log = join(place.folder, 'qemu.log');
  writeFileSync(log, '');
  const args = ['-msg', 'timestamp=on', '-D', log, '-trace', 'vtd_inv_qi_setup'];
  const guest = await guestOf(t, place, 'one', { args });
  await until('the guest to run', () => (readFileSync(log).length > 0 ? true : undefined));
  const [events, files, logged] = [await guest.eventsOn(), guest.openFiles(), readFileSync(log)];
  assert.deepEqual(events, ['vtd_inv_qi_setup']);
  const running = await recordUntil(place, ['--qmp', guest.socket], 2000);
  running.process.kill('SIGINT');
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /0\.5–0\.8 µs a line/);
  assert.match(stderr, /vtd_inv_qi_setup/);
  assert.deepEqual(await guest.eventsOn(), events);
  await until('QEMU to close our pipe', () =>
    String(guest.openFiles()) === String(files) ? true : undefined,
  );
  assert.deepEqual(readFileSync(log), logged, 'the log holds what it held, and nothing of ours');
  using reader = openTrace(place.path);
  assert.equal(reader.header.clock.name, 'realtime');
  assert.equal(reader.header.guest, 'one');
  assert.ok(countPages(reader.batches()) >= 1000);
  const { tally } = reader.end ?? assert.fail('not read');
  assert.deepEqual([tally.seen, tally.lost], [tally.kept, 0]);
});

test(
  'a recorder that is killed is undone by --restore; the guest runs on meanwhile',
  { skip },
  async (t) => {
    const place = placeOf(t);
    const guest = await guestOf(t, place, 'one');
    const files = guest.openFiles();
    const running = await recordUntil(place, ['--qmp', guest.socket], 100);
    assert.notDeepEqual(guest.openFiles(), files);
    running.process.kill('SIGKILL');
    await running.ended;
    assert.ok((await guest.eventsOn()).includes('vtd_inv_desc'));
    const restored = startIotlb(['record', '--restore', '--json'], place.env);
    const { code, stdout, stderr } = await restored.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), [{ what: guest.socket, result: 'restored' }]);
    assert.deepEqual(await guest.eventsOn(), []);
    // QEMU closes the log that it leaves a moment later.
    const isAsFound = (): boolean => new Set(guest.openFiles()).size === new Set(files).size;
    await until('QEMU to close our pipe', () => (isAsFound() ? true : undefined));
    const again = await startIotlb(['record', '--restore'], place.env).ended;
    assert.match(again.stdout, /nothing to put back/);
    using reader = openTrace(place.path);
    assert.ok(countPages(reader.batches()) >= 50);
  },
);

test('attaching again after a kill puts the QEMU back first', { skip }, async (t) => {
  const place = placeOf(t);
  const guest = await guestOf(t, place, 'one');
  const killed = await recordUntil(place, ['--qmp', guest.socket], 100);
  killed.process.kill('SIGKILL');
  await killed.ended;
  rmSync(place.path);
  const running = await recordUntil(place, ['--qmp', guest.socket], 100);
  running.process.kill('SIGTERM');
  assert.equal((await running.ended).code, 0);
  assert.deepEqual(await guest.eventsOn(), []);
});

test('several guests go into one file as streams of their own', { skip }, async (t) => {
  const place = placeOf(t);
  const [one, two] = [await guestOf(t, place, 'one'), await guestOf(t, place, 'two')];
  const running = startIotlb(
    ['record', '-o', place.path, '--qmp', `${one.socket},${two.socket}`],
    place.env,
  );
  await until('both guests', () => {
    if (!existsSync(place.path)) return undefined;
    using reader = openTrace(place.path);
    const streams = new Set<number>();
    for (const batch of reader.batches())
      for (let i = 0; i < batch.count; i++) streams.add(batch.stream[i]);
    return streams.size === 2 ? true : undefined;
  });
  running.process.kill('SIGINT');
  assert.equal((await running.ended).code, 0);
  using reader = openTrace(place.path);
  assert.deepEqual(reader.header.streams.map(({ name }) => name.replace(/:.*/, '')).sort(), [
    'one',
    'two',
  ]);
  assert.equal(reader.header.guest, 'one, two');
  for (const { index } of reader.header.streams) assert.ok(countPages(reader.batches(), index) > 0);
  assert.deepEqual([...(await one.eventsOn()), ...(await two.eventsOn())], []);
});

test('without time stamps of QEMU, events are timed on arrival', { skip }, async (t) => {
  const place = placeOf(t);
  const guest = await guestOf(t, place, 'one');
  const running = await recordUntil(place, ['--qmp', guest.socket, '--doorbells'], 200);
  running.process.kill('SIGINT');
  await running.ended;
  using reader = openTrace(place.path);
  assert.equal(reader.header.clock.name, 'arrival');
  const submissions = new Set<number>();
  for (const batch of reader.batches())
    for (let i = 0; i < batch.count; i++) submissions.add(batch.submission[i]);
  assert.ok(submissions.size > 50, 'doorbells are recorded when asked for');
});

test('a guest that stands still can be attached and let go', { skip }, async (t) => {
  const place = placeOf(t);
  const guest = await guestOf(t, place, 'still', { args: ['-S'] });
  const run = await startIotlb(
    ['record', '-o', place.path, '--qmp', guest.socket, '--duration', '100ms'],
    place.env,
  ).ended;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /nothing was recorded/);
  assert.deepEqual(await guest.eventsOn(), []);
});

test('a recording ends by itself when its guest does', { skip }, async (t) => {
  const place = placeOf(t);
  const guest = await guestOf(t, place, 'one');
  const running = await recordUntil(place, ['--qmp', guest.socket], 100);
  guest.process.kill('SIGKILL');
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.equal(iotlb(['info', place.path]).code, 0);
});

test('a socket that cannot be used is said, and nothing is written', { skip }, async (t) => {
  const place = placeOf(t);
  const none = await startIotlb(
    ['record', '-o', place.path, '--qmp', join(place.folder, 'none')],
    place.env,
  ).ended;
  assert.equal(none.code, 4);
  assert.match(none.stderr, /no such file/);
  const guest = await guestOf(t, place, 'busy', { args: ['-S'] });
  using held = guest.holdSocket();
  const busy = await startIotlb(['record', '-o', place.path, '--qmp', guest.socket], place.env)
    .ended;
  void held;
  assert.equal(busy.code, 3, busy.stderr);
  assert.match(busy.stderr, /one client at a time/);
  assert.ok(!existsSync(place.path));
});

test(
  'a log that cannot be put back is said when attaching, and the guest is let go',
  { skip },
  async (t) => {
    const place = placeOf(t);
    const guest = await guestOf(t, place, 'one', { stderr: 'socket' });
    const running = await recordUntil(place, ['--qmp', guest.socket], 100);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /its log goes nowhere/);
    assert.deepEqual(await guest.eventsOn(), []);
  },
);
