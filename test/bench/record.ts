// Recording at a steady rate for a minute: QEMU log lines paced into `iotlb record --log -`, and tracepoint
// events paced into `iotlb record --source ftrace`. Says what was lost and how much of a core it took.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { formatCount, formatSize } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { KIND } from '../../collector/model/index.ts';
import { readEnvironment } from '../../replayer/result/environment.ts';
import { QiEvents, cannotEmit, listeningInstance } from '../support/qi-events.ts';
import { until } from '../support/running-cli.ts';
import type { Bench } from './bench.ts';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));
const PER_SECOND = 200_000;
const SECONDS = 60;
const TICK_MS = 5;
/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Something to record at a rate. */
interface Feed {
  readonly source: string;
  readonly args: readonly string[];
  /** Why it cannot be fed here; false where it can. */
  readonly cannot: () => string | false;
  /** Makes ready what must be there before the recorder is, and until it has ended. */
  readonly open: () => OpenFeed;
  /** Whether a row of this kind is one of those sent, and not implied. */
  readonly isSent: (kind: number) => boolean;
}

interface OpenFeed extends Disposable {
  /** Feeds the running recorder until the time is over; returns what was sent. */
  run(recorder: ChildProcess): Promise<number>;
  end(recorder: ChildProcess): void;
}

const feeds: readonly Feed[] = [
  {
    source: 'qemu',
    args: ['--log', '-'],
    cannot: () => false,
    open: () => new LogLines(),
    isSent: () => true,
  },
  {
    source: 'ftrace',
    args: ['--source', 'ftrace'],
    cannot: cannotEmit,
    open: () => new Tracepoints(),
    isSent: (kind) => kind !== KIND.barrier,
  },
];

export const recordBench: Bench = {
  name: 'record',
  summary: `record ${formatCount(PER_SECOND)} events/s for ${SECONDS} s: loss and share of a core`,
  async run({ story, only }) {
    const done: Done[] = [];
    const notes = [
      `goal: under half a core at ${formatCount(PER_SECOND)} events/s, nothing lost; the feeder has a core of its own`,
    ];
    for (const feed of feeds) {
      if (only?.includes(feed.source) === false) continue;
      const reason = feed.cannot();
      if (reason !== false) {
        notes.push(`${feed.source}: not measured: ${reason}`);
        continue;
      }
      story(`feeding ${feed.source} for ${SECONDS} s`);
      done.push(await measure(feed));
    }
    const heading = [
      ...['source', 'events/s', 'kept', 'lost'],
      ...['of a core', 'peak memory', 'rows', 'file'],
    ];
    return {
      tables: [{ rows: [heading, ...done.map(cellsOf)] }],
      notes,
      environment: readEnvironment(),
      samples: done,
    };
  },
};

interface Done {
  readonly source: string;
  readonly sent: number;
  readonly kept: number;
  readonly rows: number;
  /** Until the last event was sent: sealing comes after it. */
  readonly share_of_a_core: number;
  readonly peak_bytes: number;
  readonly file_bytes: number;
}

async function measure(feed: Feed): Promise<Done> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
  try {
    const path = join(folder, 'bench.arrow');
    using open = feed.open();
    const recorder = spawn(process.execPath, [MAIN, 'record', '-q', ...feed.args, '-o', path], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const closed = once(recorder, 'close');
    const sent = await open.run(recorder);
    const recording = usage(recorder.pid ?? 0);
    open.end(recorder);
    await closed;
    return { source: feed.source, sent, ...recording, ...contents(path, feed) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class LogLines implements OpenFeed {
  async run({ stdin }: ChildProcess): Promise<number> {
    if (stdin === null) throw new Error('a recorder of standard input has one');
    let sent = 0;
    await paced(async (due) => {
      const stamp = `7@${((performance.timeOrigin + performance.now()) / 1000).toFixed(6)}:`;
      let text = '';
      for (; sent < due; sent++) {
        text +=
          sent % 2 === 1
            ? `${stamp}vtd_inv_desc invalidate desc type wait high 0x200000 low 0x100000025\n`
            : `${stamp}vtd_inv_desc invalidate desc type iotlb high 0x${sent.toString(16)}000 low 0x70032\n`;
      }
      if (!stdin.write(text)) await once(stdin, 'drain');
    });
    return sent;
  }

  end({ stdin }: ChildProcess): void {
    stdin?.end();
  }

  [Symbol.dispose](): void {}
}

class Tracepoints implements OpenFeed {
  readonly #events = new QiEvents();

  async run({ pid }: ChildProcess): Promise<number> {
    await until('the recorder', () => listeningInstance(pid));
    await paced((due) => this.#events.emit(due - this.#events.emitted));
    return this.#events.emitted;
  }

  end(recorder: ChildProcess): void {
    recorder.kill('SIGTERM');
  }

  [Symbol.dispose](): void {
    this.#events[Symbol.dispose]();
  }
}

/** Has what is due sent every few ms, as a guest would write it. */
async function paced(send: (due: number) => Promise<void> | void): Promise<void> {
  const start = performance.now();
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= SECONDS) return;
    await send(Math.floor(elapsed * PER_SECOND));
    await setTimeout(TICK_MS);
  }
}

/** CPU time and peak memory of a running process, from /proc. */
function usage(pid: number): Pick<Done, 'share_of_a_core' | 'peak_bytes'> {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    share_of_a_core: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND / SECONDS,
    peak_bytes: Number(peak?.[1] ?? 0) * 1024,
  };
}

function contents(path: string, feed: Feed): Pick<Done, 'kept' | 'rows' | 'file_bytes'> {
  using reader = openTrace(path);
  let kept = 0;
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++) if (feed.isSent(batch.kind[i])) kept++;
  }
  return { kept, rows: reader.end?.events ?? 0, file_bytes: reader.bytes };
}

function cellsOf(done: Done): readonly string[] {
  return [
    done.source,
    formatCount(done.sent / SECONDS),
    formatCount(done.kept),
    formatCount(done.sent - done.kept),
    done.share_of_a_core.toFixed(2),
    formatSize(done.peak_bytes),
    formatCount(done.rows),
    formatSize(done.file_bytes),
  ];
}
