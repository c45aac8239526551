// Memory that native code may keep the address of: shared, so that it never moves and outlives a thread's
// heap, and locked where the host allows.

import { addressOf, mlock } from './native.ts';

export class PinnedMemory {
  readonly shared: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;
  /** Address of byte 0. */
  readonly address: number;
  /** The kernel keeps it in memory; false where the lock limit is too low. */
  readonly isLocked: boolean;

  /** `size` is rounded up to 8 bytes; or takes memory that another thread made. */
  constructor(size: number | SharedArrayBuffer) {
    this.shared =
      typeof size === 'number' ? new SharedArrayBuffer(Math.max(8, Math.ceil(size / 8) * 8)) : size;
    this.bytes = new Uint8Array(this.shared);
    this.words = new Uint32Array(this.shared);
    this.view = new DataView(this.shared);
    this.address = addressOf(this.bytes);
    this.isLocked = mlock(this.address, this.shared.byteLength) === 0;
  }
}
