// Recording at a steady rate: QEMU log lines paced into `iotlb record --log -` for a minute. Says what was
// lost and how much of a core it took, up to the last line.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { formatCount, formatSize } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { readEnvironment } from '../../replayer/result/environment.ts';
import type { Bench, BenchReport } from './bench.ts';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));
const PER_SECOND = 200_000;
const SECONDS = 60;
const TICK_MS = 5;
/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export const recordBench: Bench = {
  name: 'record',
  summary: `record ${formatCount(PER_SECOND)} events/s for ${SECONDS} s: loss and share of a core`,
  async run({ story }) {
    const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
    try {
      const path = join(folder, 'bench.arrow');
      const child = spawn(process.execPath, [MAIN, 'record', '-q', '--log', '-', '-o', path], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      const closed = once(child, 'close');
      story(`feeding for ${SECONDS} s`);
      const sent = await feed(child.stdin);
      const recording = usage(child.pid ?? 0);
      child.stdin.end();
      await closed;
      return report({ sent, path, recording });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Usage {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Writes what is due every few ms, as a guest's log would come. Returns the lines sent. */
async function feed(to: NodeJS.WritableStream): Promise<number> {
  const start = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= SECONDS) return sent;
    const due = Math.floor(elapsed * PER_SECOND);
    const stamp = `7@${((performance.timeOrigin + performance.now()) / 1000).toFixed(6)}:`;
    let text = '';
    for (; sent < due; sent++) {
      text +=
        sent % 2 === 1
          ? `${stamp}vtd_inv_desc invalidate desc type wait high 0x200000 low 0x100000025\n`
          : `${stamp}vtd_inv_desc invalidate desc type iotlb high 0x${sent.toString(16)}000 low 0x70032\n`;
    }
    if (!to.write(text)) await once(to, 'drain');
    await setTimeout(TICK_MS);
  }
}

/** CPU time and peak memory of a running process, from /proc. */
function usage(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    peakBytes: Number(peak?.[1] ?? 0) * 1024,
  };
}

interface Done {
  readonly sent: number;
  readonly path: string;
  /** Until the last line was sent: sealing comes after it. */
  readonly recording: Usage;
}

function report({ sent, path, recording }: Done): BenchReport {
  using reader = openTrace(path);
  for (const batch of reader.batches()) void batch;
  const kept = reader.end?.events ?? 0;
  const sample = {
    sent,
    kept,
    lost: sent - kept,
    per_second: sent / SECONDS,
    share_of_a_core: recording.cpuSeconds / SECONDS,
    peak_bytes: recording.peakBytes,
    file_bytes: reader.bytes,
  };
  const cells = [
    formatCount(sample.per_second),
    formatCount(kept),
    formatCount(sample.lost),
    sample.share_of_a_core.toFixed(2),
    formatSize(sample.peak_bytes),
    formatSize(sample.file_bytes),
  ];
  return {
    tables: [[['events/s', 'kept', 'lost', 'of a core', 'peak memory', 'file'], cells]],
    notes: [
      'goal: under half a core at 200,000 events/s, nothing lost; the feeder has a core of its own',
    ],
    environment: readEnvironment(),
    samples: [sample],
  };
}
