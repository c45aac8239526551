import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Check, CheckLine } from '../../../replayer/doctor/check.ts';
import type { HostFiles } from '../../../replayer/doctor/host-files.ts';
import { checks } from '../../../replayer/doctor/index.ts';
import { iotlb } from '../../support/cli.ts';

interface FakeHost {
  readonly texts?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly nodes?: readonly string[];
  readonly openable?: readonly string[];
  readonly config?: string;
}

const hostOf = (fake: FakeHost): HostFiles => ({
  kernel: '7.3.4',
  text: (path) => fake.texts?.[path],
  names: (path) => fake.folders?.[path] ?? [],
  link: (path) => fake.links?.[path],
  exists: (path) => fake.nodes?.includes(path) ?? false,
  mayOpen: (path) => fake.openable?.includes(path) ?? false,
  kernelConfig: () => fake.config,
});

function look(name: string, fake: FakeHost): readonly CheckLine[] {
  return checks.get(name).look(hostOf(fake));
}

const finding = (lines: readonly CheckLine[], what: string): string | undefined =>
  lines.find((line) => line.what === what)?.finding;

test('every check says something of a host that shows nothing, and never that it is ready', () => {
  const isAboutHost = (check: Check): boolean =>
    !['runtime', 'noise', 'classes'].includes(check.name);
  for (const check of checks.entries.filter(isAboutHost)) {
    const lines = check.look(hostOf({}));
    assert.ok(lines.length > 0, check.name);
    for (const line of lines) assert.notEqual(line.finding, 'ok', line.what);
  }
});

test('whatever is missing comes with what to do', () => {
  for (const check of checks.entries) {
    for (const line of check.look(hostOf({}))) {
      if (line.finding === 'missing') assert.ok(line.advice, line.what);
    }
  }
});

test('/dev/iommu is ok only where this user may open it', () => {
  const nodes = ['/dev/iommu'];
  assert.equal(finding(look('iommufd', { nodes }), '/dev/iommu'), 'missing');
  assert.equal(finding(look('iommufd', { nodes, openable: nodes }), '/dev/iommu'), 'ok');
});

test('kernel options are told apart: built in, module, left out, not of this architecture', () => {
  const config = 'CONFIG_IOMMUFD=m\nCONFIG_VFIO_PCI=y\n# CONFIG_INTEL_IOMMU is not set\n';
  const lines = look('iommufd', { config });
  assert.equal(finding(lines, 'CONFIG_IOMMUFD'), 'ok');
  assert.equal(finding(lines, 'CONFIG_VFIO_PCI'), 'ok');
  assert.equal(finding(lines, 'CONFIG_INTEL_IOMMU'), 'missing');
  assert.equal(finding(lines, 'CONFIG_ARM_SMMU_V3'), undefined);
});

test('a device on vfio-pci is shown with its group and node; others are not', () => {
  const folder = '/sys/bus/pci/devices';
  const lines = look('devices', {
    folders: {
      [folder]: ['0000:00:03.0', '0000:00:04.0'],
      [`${folder}/0000:00:03.0/vfio-dev`]: ['vfio0'],
    },
    links: {
      [`${folder}/0000:00:03.0/driver`]: 'vfio-pci',
      [`${folder}/0000:00:03.0/iommu_group`]: '5',
      [`${folder}/0000:00:04.0/driver`]: 'nvme',
    },
    openable: ['/dev/vfio/devices/vfio0'],
  });
  assert.deepEqual(lines, [
    { what: '0000:00:03.0', finding: 'ok', detail: 'group 5, /dev/vfio/devices/vfio0' },
  ]);
});

test('real-time rights come from the capability or the limit', () => {
  const host = (limit: string, capabilities: string): FakeHost => ({
    texts: {
      '/proc/self/limits': `Max realtime priority     ${limit}                    ${limit}`,
      '/proc/self/status': `Name:\tx\nCapEff:\t${capabilities}\n`,
    },
  });
  const fifo = (fake: FakeHost) => finding(look('real-time', fake), 'SCHED_FIFO');
  assert.equal(fifo(host('0', '0000000000000000')), 'missing');
  assert.equal(fifo(host('0', '0000000000800000')), 'ok');
  assert.equal(fifo(host('40', '0000000000000000')), 'ok');
});

test('a slow clock source, a saving governor and a lower real-time limit are pointed out', () => {
  const texts = {
    '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet',
    '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave',
    '/proc/sys/kernel/sched_rt_runtime_us': '500000',
    '/proc/sys/kernel/sched_rt_period_us': '1000000',
  };
  assert.equal(look('clock', { texts })[0].finding, 'missing');
  assert.equal(look('governor', { texts })[0].finding, 'note');
  assert.equal(finding(look('real-time', { texts }), 'real-time throttling'), 'note');
});

test('isolated CPUs and CPUs without a tick are looked at apart', () => {
  const folder = '/sys/devices/system/cpu';
  const host = (isolated: string, ticks: string): FakeHost => ({
    texts: { [`${folder}/isolated`]: isolated, [`${folder}/nohz_full`]: ticks },
  });
  const findings = (fake: FakeHost) => look('isolation', fake).map((line) => line.finding);
  assert.deepEqual(findings(host('2-3', '')), ['ok', 'note']);
  assert.deepEqual(findings(host('', '2-3')), ['note', 'ok']);
  // What the kernel prints where there are none.
  assert.deepEqual(findings(host('', '(null)')), ['note', 'note']);
  assert.deepEqual(findings({}), ['unknown', 'unknown']);
});

test('doctor prints lines for people and one document for programs', () => {
  for (const flags of [[], ['--timing']]) {
    const text = iotlb(['doctor', ...flags]);
    assert.equal(text.code, 0);
    const said = iotlb(['doctor', '--json', ...flags]);
    const { lines } = JSON.parse(said.out) as { lines: readonly CheckLine[] };
    assert.ok(lines.length >= 5);
    for (const line of lines) assert.ok(text.out.includes(line.what));
  }
});
