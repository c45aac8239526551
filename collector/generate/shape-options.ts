// The flags of `iotlb generate` -> a Shape. Every value goes through the one parser of its unit.

import {
  ToolError,
  assertUnreachable,
  parseCount,
  parseDurationNs,
  parseRate,
  parseSizeBytes,
} from '../base/index.ts';
import { DEFAULT_SHAPE, type Arrivals, type Shape, type WeightedValue } from './shape.ts';

const PAGE_BYTES = 4096;

export const ARRIVALS = ['constant', 'poisson', 'bursts'] as const;

export interface ShapeOptions {
  readonly requests: string;
  readonly streams: string;
  readonly waiters: string;
  readonly arrivals: string;
  readonly rate: string;
  readonly burst: string;
  readonly burstGap: string;
  readonly pages: string;
  readonly locality: string;
  readonly workingSet: string;
  readonly perBarrier: string;
  readonly barrierDelay: string;
  readonly domains: string;
  readonly pasids: string;
  readonly leaf: string;
  readonly largeUnmap: string;
  readonly largeSize: string;
  readonly largeChunk: string;
  readonly teardown: string;
}

export function shapeOf(options: ShapeOptions): Shape {
  return {
    ...DEFAULT_SHAPE,
    requests: positive(options.requests, '--requests'),
    streams: positive(options.streams, '--streams'),
    waiters: parseCount(options.waiters, '--waiters'),
    arrivals: arrivalsOf(options),
    pages: weights(options.pages, '--pages'),
    locality: share(options.locality, '--locality'),
    workingSetPages: pagesOf(options.workingSet, '--working-set'),
    perBarrier: options.perBarrier === 'none' ? [] : weights(options.perBarrier, '--per-barrier'),
    barrierDelayNs: parseDurationNs(options.barrierDelay, '--barrier-delay'),
    domains: positive(options.domains, '--domains'),
    pasids: parseCount(options.pasids, '--pasids'),
    leafShare: share(options.leaf, '--leaf'),
    largeUnmap: {
      share: share(options.largeUnmap, '--large-unmap'),
      pages: pagesOf(options.largeSize, '--large-size'),
      chunkPages: pagesOf(options.largeChunk, '--large-chunk'),
    },
    teardownShare: share(options.teardown, '--teardown'),
  };
}

function arrivalsOf(options: ShapeOptions): Arrivals {
  const kind = ARRIVALS.find((one) => one === options.arrivals);
  if (kind === undefined) {
    throw new ToolError('E_USAGE', `--arrivals: '${options.arrivals}' is not known`, {
      hint: `one of: ${ARRIVALS.join(' ')}`,
    });
  }
  const gapNs = 1e9 / parseRate(options.rate, '--rate');
  switch (kind) {
    case 'constant':
      return { kind, gapNs };
    case 'poisson':
      return { kind, meanGapNs: gapNs };
    case 'bursts': {
      const size = positive(options.burst, '--burst');
      const insideNs = parseDurationNs(options.burstGap, '--burst-gap');
      // The rate holds over bursts and pauses together.
      const betweenNs = size * gapNs - (size - 1) * insideNs;
      if (betweenNs >= 0) return { kind, size, insideNs, betweenNs };
      throw new ToolError(
        'E_USAGE',
        `--burst-gap: bursts of ${size} that far apart are slower than --rate ${options.rate}`,
      );
    }
    default:
      return assertUnreachable(kind);
  }
}

function positive(text: string, what: string): number {
  const value = parseCount(text, what);
  if (value < 1) throw new ToolError('E_USAGE', `${what}: must be above 0`);
  return value;
}

function pagesOf(text: string, what: string): number {
  return Math.max(1, Math.ceil(parseSizeBytes(text, what) / PAGE_BYTES));
}

/** `0.3` or `30%` as a share of one. */
function share(text: string, what: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new ToolError('E_USAGE', `${what}: '${text}' is not a share from 0 to 1`, {
      hint: 'write it like 0.3 or 30%',
    });
  }
  return value;
}

/** `1:75,2:14,32` as values with weights; a weight that is left out is 1. */
function weights(text: string, what: string): readonly WeightedValue[] {
  return text.split(',').map((piece) => {
    const [value, weight = '1'] = piece.split(':');
    return { value: positive(value, what), weight: positive(weight, what) };
  });
}
