// Gives QEMU's log lines a time stamp where QEMU prints none: the moment of arrival, in the form that
// QEMU itself uses, so that the log's parser reads both. Decides by the first line that can tell.

const NEWLINE = 10;
const LINE_LIMIT_BYTES = 64 * 1024;
const STAMPED = /^(?:\d+@\d+\.\d{6}:|\d{4}-\d\d-\d\dT[\d:.]{15}Z )/;
const EVENT = /^(?:vtd|smmu|smmuv3|virtio_iommu|amdvi|riscv_iommu)_\w+ /;

export class ArrivalStamper {
  /** Undefined until a line told. */
  isStamped: boolean | undefined;
  readonly #now: () => number;
  #carry: Buffer = Buffer.alloc(0);

  /** `now` is the time of day in seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  hasStamps(): boolean {
    return this.isStamped === true;
  }

  /** The bytes with a stamp before every line; unchanged where QEMU stamps. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.hasStamps()) return chunk;
    const bytes = Buffer.concat([this.#carry, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0 && bytes.length < LINE_LIMIT_BYTES) {
      this.#carry = bytes;
      return new Uint8Array(0);
    }
    const whole = end === 0 ? bytes : bytes.subarray(0, end);
    this.isStamped ??= tellsStamped(whole);
    if (this.hasStamps()) {
      this.#carry = Buffer.alloc(0);
      return bytes;
    }
    this.#carry = Buffer.from(bytes.subarray(whole.length));
    return this.isStamped === undefined ? whole : this.#stamp(whole);
  }

  /** What came after the last line end. */
  end(): Uint8Array {
    const rest = this.#carry;
    this.#carry = Buffer.alloc(0);
    return rest.length > 0 && this.isStamped === false ? this.#stamp(rest) : rest;
  }

  #stamp(lines: Buffer): Uint8Array {
    const stamp = Buffer.from(`0@${this.#now().toFixed(6)}:`, 'latin1');
    const parts: Buffer[] = [];
    for (let at = 0; at < lines.length;) {
      const next = lines.indexOf(NEWLINE, at);
      const end = next < 0 ? lines.length : next + 1;
      parts.push(stamp, lines.subarray(at, end));
      at = end;
    }
    return Buffer.concat(parts);
  }
}

/** What the first line that can tell says; undefined where none can. */
function tellsStamped(lines: Buffer): boolean | undefined {
  for (const line of lines.toString('latin1').split('\n')) {
    if (STAMPED.test(line)) return true;
    if (EVENT.test(line)) return false;
  }
  return undefined;
}

/** Seconds since the epoch in µs steps, never backwards. */
export const timeOfDaySeconds = (): number => (performance.timeOrigin + performance.now()) / 1000;
