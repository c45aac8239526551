// How large the kernel's buffers should be and how often to look at them, from the rate that was seen.
// Pure arithmetic; a buffer belongs to one CPU.

const KIB = 1024;
const MIB = 1024 * KIB;

/** A buffer holds what its CPU writes in so long: collections, a slow disk, another process on the CPU. */
const HOLD_NS = 2e9;
/** Looking finds a buffer no fuller than this part of it. */
const FILL = 1 / 8;
const POLL_MIN_NS = 5e6;
const POLL_MAX_NS = 50e6;
/** Rates are taken over at least so long, so that one short burst read late is not a rate. */
const WINDOW_NS = 100e6;

export interface BufferLimits {
  readonly startBytes: number;
  readonly mostBytes: number;
}

/**
 * Starts with 8 MiB a CPU and ends at 128 MiB, but all CPUs together take at most 1/64 of the memory at the
 * start and 1/16 at the end.
 */
export function bufferLimits(memoryBytes: number, cpus: number): BufferLimits {
  const share = (most: number, part: number): number =>
    Math.max(256 * KIB, Math.min(most, powerBelow(memoryBytes / part / cpus)));
  return { startBytes: share(8 * MIB, 64), mostBytes: share(128 * MIB, 16) };
}

export class BufferSize {
  bytes: number;
  /** The busiest CPU's rate in the busiest window so far, and in the last one. */
  peakPerSecond = 0;
  #lastPerSecond = 0;
  #mostBytes: number;
  #windowFrom = 0;
  #windowBytes = 0;

  constructor(limits: BufferLimits) {
    this.bytes = limits.startBytes;
    this.#mostBytes = limits.mostBytes;
  }

  /** The busiest CPU gave so many bytes since the last call; `nowNs` counts from the start. */
  saw(bytes: number, nowNs: number): void {
    this.#windowBytes += bytes;
    const elapsed = nowNs - this.#windowFrom;
    if (elapsed < WINDOW_NS) return;
    this.#lastPerSecond = (this.#windowBytes / elapsed) * 1e9;
    this.peakPerSecond = Math.max(this.peakPerSecond, this.#lastPerSecond);
    this.#windowFrom = nowNs;
    this.#windowBytes = 0;
  }

  /** The size that what was seen asks for; an overrun asks for twice the present one. Never smaller. */
  wanted(hasOverrun: boolean): number {
    const held = (this.peakPerSecond * HOLD_NS) / 1e9;
    const least = hasOverrun ? this.bytes * 2 : this.bytes;
    return Math.max(this.bytes, Math.min(this.#mostBytes, Math.max(least, powerAbove(held))));
  }

  /** The kernel gives no larger buffers. */
  stay(): void {
    this.#mostBytes = this.bytes;
  }

  /** How long to wait until the buffers are looked at again. */
  pollNs(): number {
    const untilFull = (this.bytes * FILL * 1e9) / Math.max(1, this.#lastPerSecond);
    return Math.min(POLL_MAX_NS, Math.max(POLL_MIN_NS, untilFull));
  }
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, value)));
}

function powerAbove(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
