// Writes ring-buffer pages as the kernel lays them out (spec 6.4), in either byte order, for tests.

export interface PageEvent {
  /** ns since the event before, or since the page's time. */
  readonly delta: number;
  /** Event data, common header included, in the page's byte order. */
  readonly data: Buffer;
  /** How the time is written: in the header, as an extend before it, or as an absolute stamp. */
  readonly time?: 'delta' | 'extend' | 'absolute';
  /** Write the length as a word of its own although it is short. */
  readonly long?: boolean;
}

export interface PageOptions {
  readonly little: boolean;
  readonly timeNs: bigint;
  readonly lost?: number | 'unknown';
  readonly pageBytes?: number;
}

const SCALE = 2 ** 27;

export function ringPage(events: readonly PageEvent[], options: PageOptions): Buffer {
  const { little, timeNs, lost, pageBytes = 4096 } = options;
  const page = Buffer.alloc(pageBytes);
  const put32 = (value: number, at: number): number =>
    little ? page.writeUInt32LE(value >>> 0, at) : page.writeUInt32BE(value >>> 0, at);
  const put64 = (value: bigint, at: number): number =>
    little ? page.writeBigUInt64LE(value, at) : page.writeBigUInt64BE(value, at);
  const head = (type: number, delta: number, at: number): number =>
    put32(little ? delta * 32 + type : type * SCALE + delta, at);
  put64(timeNs, 0);
  let at = 16;
  let now = timeNs;
  for (const event of events) {
    now += BigInt(event.delta);
    let delta = event.delta;
    if (event.time === 'extend' || delta >= SCALE) {
      head(30, delta % SCALE, at);
      put32(Math.floor(delta / SCALE), at + 4);
      at += 8;
      delta = 0;
    } else if (event.time === 'absolute') {
      head(31, Number(now % BigInt(SCALE)), at);
      put32(Number((now / BigInt(SCALE)) % (1n << 32n)), at + 4);
      at += 8;
      delta = 0;
    }
    const words = Math.ceil(event.data.length / 4);
    if (event.long === true || words > 28) {
      head(0, delta, at);
      put32(4 + event.data.length, at + 4);
      at += 8;
    } else {
      head(words, delta, at);
      at += 4;
    }
    event.data.copy(page, at);
    at += words * 4;
  }
  const length = at - 16;
  const flags = lost === undefined ? 0n : lost === 'unknown' ? 0x80000000n : 0xc0000000n;
  if (typeof lost === 'number') put64(BigInt(lost), at);
  put64(BigInt(length) | flags, 8);
  return page;
}

/** A qi_submit event of the 7.2.13 format: words at 8, 16, 24, 32, the IOMMU's name behind them. */
export function qiSubmitData(
  id: number,
  words: readonly bigint[],
  options: { readonly little: boolean; readonly iommu?: string },
): Buffer {
  const name = options.iommu ?? 'dmar0';
  const data = Buffer.alloc(44 + Math.ceil((name.length + 1) / 4) * 4);
  const location = ((name.length + 1) << 16) | 44;
  if (options.little) {
    data.writeUInt16LE(id, 0);
    words.forEach((word, i) => data.writeBigUInt64LE(word, 8 + 8 * i));
    data.writeUInt32LE(location, 40);
  } else {
    data.writeUInt16BE(id, 0);
    words.forEach((word, i) => data.writeBigUInt64BE(word, 8 + 8 * i));
    data.writeUInt32BE(location, 40);
  }
  data.write(name, 44, 'latin1');
  return data;
}
