// One CPU's trace_pipe_raw, read page by page without waiting, across instances: when a larger one takes
// over, what both hold comes once. Holds one page; what is not read yet is in the kernel's buffer.

import { closeSync, constants, openSync } from 'node:fs';

import { fileError } from '../../base/index.ts';
import {
  PageCursor,
  type PageCursorOptions,
  type PageSource,
} from '../../sources/ftrace/ring-page.ts';
import { readNow } from '../read-now.ts';
import type { TraceInstance } from './instance.ts';
import { SETTLE_NS } from './live-merge.ts';

/** `type` and what lies behind the flags, which an interrupt may change from one instance to the next. */
const ID_BYTES = 2;
const AFTER_FLAGS = 4;

/** A new instance that writes since `onNs`, in place of an older one that writes no more since `offNs`. */
export interface HandOver {
  readonly instance: TraceInstance;
  readonly onNs: number;
  readonly offNs: number;
}

/** What the older instance gave last. */
interface LastEvent {
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** Pages of one CPU in the instance that is read at present. */
export class CpuPipe implements PageSource {
  readonly cpu: number;
  instance: TraceInstance;
  done = 0;
  #fd: number;
  #taken = 0;

  constructor(instance: TraceInstance, cpu: number) {
    this.cpu = cpu;
    this.instance = instance;
    this.#fd = openPipe(instance, cpu);
  }

  /** False where the buffer is empty by now. */
  next(page: Uint8Array): boolean {
    const got = readNow(this.#fd, page);
    this.done += got;
    return got > 0;
  }

  /** Bytes since the last call. */
  takeBytes(): number {
    const bytes = this.done - this.#taken;
    this.#taken = this.done;
    return bytes;
  }

  switchTo(instance: TraceInstance): void {
    const fd = openPipe(instance, this.cpu);
    closeSync(this.#fd);
    this.#fd = fd;
    this.instance = instance;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export interface LiveCursorOptions extends Omit<PageCursorOptions, 'pages'> {
  /** The older instance has given everything; `cursor` still has its counts. */
  readonly onSwitch: (cursor: LiveCursor) => void;
}

export class LiveCursor extends PageCursor {
  readonly pipe: CpuPipe;
  /** Of the present instance: events stepped over, and losses that its pages told. */
  stepped = 0;
  told = 0;
  readonly #onSwitch: (cursor: LiveCursor) => void;
  #coming: HandOver | undefined;
  /** While the new instance may still repeat what the older one gave. */
  #repeats: { readonly from: HandOver; readonly last: LastEvent } | undefined;
  #lastTime = Number.NaN;
  #lastData = 0;
  #lastEnd = 0;

  constructor(pipe: CpuPipe, options: LiveCursorOptions) {
    super({ ...options, pages: pipe });
    this.pipe = pipe;
    this.#onSwitch = options.onSwitch;
  }

  /** Goes on with the new instance once the present one, which writes no more, is empty. */
  follow(handOver: HandOver): void {
    this.#coming = handOver;
  }

  override next(): boolean {
    for (;;) {
      if (super.next()) {
        this.stepped++;
        if (this.#repeats !== undefined && this.#isRepeat()) continue;
        this.#lastTime = this.time;
        this.#lastData = this.data;
        this.#lastEnd = this.dataEnd;
        return true;
      }
      if (this.#coming === undefined) return false;
      this.#switch(this.#coming);
    }
  }

  #switch(from: HandOver): void {
    this.#coming = undefined;
    this.#onSwitch(this);
    this.stepped = 0;
    this.told = 0;
    const bytes = this.bytes.slice(this.#lastData, this.#lastEnd);
    this.#repeats = { from, last: { time: this.#lastTime, bytes } };
    this.pipe.switchTo(from.instance);
  }

  /**
   * While both write, the kernel gives each event to the older instance first. So what is not later than the
   * older one's last event was given by it, and the next is that event's copy, if the new one had it.
   */
  #isRepeat(): boolean {
    if (this.#repeats === undefined) return false;
    const { from, last } = this.#repeats;
    if (this.time <= last.time) return true;
    this.#repeats = undefined;
    const canBeCopy = last.time >= from.onNs && this.time <= from.offNs + SETTLE_NS;
    return canBeCopy && isSameEvent(last.bytes, this.bytes.subarray(this.data, this.dataEnd));
  }
}

function isSameEvent(one: Uint8Array, other: Uint8Array): boolean {
  return (
    Buffer.compare(one.subarray(0, ID_BYTES), other.subarray(0, ID_BYTES)) === 0 &&
    Buffer.compare(one.subarray(AFTER_FLAGS), other.subarray(AFTER_FLAGS)) === 0
  );
}

function openPipe(instance: TraceInstance, cpu: number): number {
  const path = instance.pipe(cpu);
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(error, path, 'Nothing more was recorded from this CPU.');
  }
}
