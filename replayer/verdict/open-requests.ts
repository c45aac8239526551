// Which of a stream's requests one plan has not covered yet, oldest first: marks beside the columns of
// AskedRequests.

import type { AskedRequests } from './asked-requests.ts';
import { movedRing } from './ring.ts';

export class OpenRequests {
  /** Oldest that is not covered, as a running number; all before it are. */
  head = 0;
  /** One after the newest that has marks. */
  tail = 0;
  /** Marks by slot, as in the columns of `asked`. */
  covered: Uint8Array;
  /** When a later barrier was released although this was not covered; set where one was. */
  exposedNs: Float64Array;
  readonly asked: AskedRequests;

  constructor(asked: AskedRequests) {
    this.asked = asked;
    this.covered = new Uint8Array(asked.mask + 1);
    this.exposedNs = new Float64Array(asked.mask + 1);
  }

  /** Makes marks for what was asked since the last time. */
  follow(): void {
    const { asked } = this;
    const room = asked.mask + 1;
    if (this.covered.length !== room) {
      this.covered = movedRing(this, this.covered, new Uint8Array(room));
      this.exposedNs = movedRing(this, this.exposedNs, new Float64Array(room));
    }
    for (let n = this.tail; n < asked.tail; n++) this.covered[n & asked.mask] = 0;
    this.tail = asked.tail;
  }

  /** Steps over what is covered at the old end. */
  dropCovered(): void {
    const { covered, tail } = this;
    const { mask } = this.asked;
    let n = this.head;
    while (n < tail && covered[n & mask] === 1) n++;
    this.head = n;
  }
}
