// The thread of a lane: settles in its scheduling class, then runs loops for as long as the lane lives. It is
// in that class only while it runs or measures, never while JavaScript does anything else.

import { parentPort } from 'node:worker_threads';

import { javascriptLoop } from './javascript/loop.ts';
import { LaneMemory } from './lane-memory.ts';
import { openLibrary } from './native/library.ts';
import { nativeLoop } from './native/loop.ts';
import { measureNoise } from './noise.ts';
import {
  BUSY_SHARE,
  enterClass,
  leaveClass,
  settleThread,
  type ThreadClass,
} from './thread-class.ts';
import { cpuBetween, threadCpu } from './thread-cpu.ts';
import type { Answer, Question, RunJob } from './worker-job.ts';

const library = openLibrary();
const native = nativeLoop();
let threadClass: ThreadClass = 'other';

function tell(answer: Answer): void {
  parentPort?.postMessage(answer);
}

/** The rest of the millisecond is left to others, unless the class has no limit. */
function inClass<T>(work: (busyShare: number) => T): T {
  enterClass(threadClass, library);
  try {
    return work(threadClass === 'other' ? 0 : BUSY_SHARE);
  } finally {
    leaveClass(library);
  }
}

function run(job: RunJob): void {
  const memory = new LaneMemory(job.block);
  const programs = job.programs.map((program) => new Uint32Array(program));
  const loop = job.loop === 'native' ? native : javascriptLoop;
  tell({ kind: 'at-gate' });
  Atomics.wait(job.gate, 0, 0);
  const from = threadCpu();
  inClass((busyShare) => {
    memory.lane.set('busy_share', busyShare);
    loop.run(memory, programs);
  });
  tell({ kind: 'done', cpuTime: cpuBetween(from, threadCpu()) });
}

parentPort?.on('message', (question: Question) => {
  switch (question.kind) {
    case 'settle': {
      const state = settleThread(question.wish, library);
      if ('what' in state) return tell({ kind: 'refused', refusal: state });
      threadClass = state.class;
      return tell({ kind: 'settled', state });
    }
    case 'noise': {
      const floor = inClass((busyShare) => measureNoise(library, question.spanNs, busyShare));
      return tell({ kind: 'noise', floor });
    }
    case 'run':
      return run(question.job);
  }
});
