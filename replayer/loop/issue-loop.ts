// The seam of issue loops. A loop is given a thread's work and pacing in one laid-out block (lane-memory.ts),
// waits, calls and stamps, and leaves its samples there. It blocks the thread that calls it. Clock and system
// calls are the machine's, or those of the script that the block carries.

import type { LaneMemory } from './lane-memory.ts';

export interface IssueLoop {
  readonly name: 'native' | 'javascript';
  /**
   * Issues every step from the block's `start_ns` on, all streams in due order, each stream in its own. A
   * step is never issued before it is due; in an open loop one that is late moves no other. Ends early when
   * the stop word is set, or at the first error where that was asked.
   * `programs[i]` is the memory of stream i's calls.
   */
  run(lane: LaneMemory, programs: readonly Uint32Array[]): void;
}
