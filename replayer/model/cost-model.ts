// What an ioctl costs on one host: a + b × entries + c × pages + d × entries without a range, fitted on the
// samples of replays. Says on what it was measured and how far it is off; a file of it is JSON.

import { z } from 'zod';

import { ToolError, formatCount, formatDuration } from '../../collector/base/index.ts';
import { percentiles } from '../result/percentiles.ts';
import { leastSquares, type Fit } from './least-squares.ts';

export const MODEL_FORMAT = 'iotlb-cost-model';
export const MODEL_VERSION = 1;
/** Ioctls that were interrupted take a hundred times as long and would decide the fit: so many go first. */
const LEFT_OUT = 0.02;
const ROUNDS = 3;
/** Fewer samples than this say nothing worth a file. */
const FEWEST_SAMPLES = 32;

const coefficientSchema = z.object({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  separable: z.boolean(),
});

export const costModelSchema = z.object({
  format: z.literal(MODEL_FORMAT),
  version: z.literal(MODEL_VERSION),
  writer: z.string(),
  /** Where the samples came from: hardware, lab, null or recording; never mixed. */
  provenance: z.enum(['hardware', 'lab', 'null', 'recording']),
  issuer_description: z.string(),
  dialect: z.string(),
  strategies: z.array(z.string()),
  samples: z.number(),
  /** Those furthest off, taken for interrupted: not in the fit, but in the residuals. */
  left_out: z.number(),
  service_ns: z.object({
    base: coefficientSchema,
    entry: coefficientSchema,
    page: coefficientSchema,
    whole: coefficientSchema,
  }),
  r2: z.number(),
  /** How far a sample is from the fit, either way. */
  residual_ns: z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }),
});
export type CostModel = z.infer<typeof costModelSchema>;

/** One sample an ioctl: what it carried and how long it took. */
export interface CostSamples {
  readonly entries: Float64Array;
  /** Pages of its ranged entries. */
  readonly pages: Float64Array;
  /** Entries without a range. */
  readonly whole: Float64Array;
  readonly serviceNs: Float64Array;
}

/** Where samples come from. */
export type Measured = Pick<
  CostModel,
  'provenance' | 'issuer_description' | 'dialect' | 'strategies' | 'writer'
>;

export function fitCost(samples: CostSamples, measured: Measured): CostModel {
  const count = samples.serviceNs.length;
  if (count < FEWEST_SAMPLES) {
    throw new ToolError(
      'E_EMPTY',
      `${count} ioctls are too few to fit a cost model on; nothing was written`,
      {
        hint: `replay a recording with at least ${FEWEST_SAMPLES} ioctls`,
      },
    );
  }
  const fit = trimmedFit(samples);
  const [base, entry, page, whole] = fit.coefficients;
  const { p50, p90, p99, max } = percentiles(residualsOf(samples, fit).map(Math.abs));
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    ...measured,
    samples: count,
    left_out: count - fit.samples,
    service_ns: { base, entry, page, whole },
    r2: fit.r2,
    residual_ns: { p50, p90, p99, max },
  };
}

/** Fits, leaves out what is furthest off, and fits again, until that hardly moves. */
function trimmedFit(samples: CostSamples): Fit {
  let fit = leastSquares(samples.serviceNs, columnsOf(samples));
  for (let round = 0; round < ROUNDS; round++) {
    const off = residualsOf(samples, fit).map(Math.abs);
    const limit = off.slice().sort()[Math.ceil((1 - LEFT_OUT) * off.length) - 1];
    const kept = samplesWhere(samples, (i) => off[i] <= limit);
    fit = leastSquares(kept.serviceNs, columnsOf(kept));
  }
  return fit;
}

function columnsOf(samples: CostSamples): readonly Float64Array[] {
  const ones = new Float64Array(samples.serviceNs.length).fill(1);
  return [ones, samples.entries, samples.pages, samples.whole];
}

function residualsOf(samples: CostSamples, fit: Fit): Float64Array {
  const columns = columnsOf(samples);
  return samples.serviceNs.map(
    (took, i) =>
      took - fit.coefficients.reduce((sum, one, k) => sum + one.value * columns[k][i], 0),
  );
}

function samplesWhere(samples: CostSamples, keeps: (i: number) => boolean): CostSamples {
  const only = (column: Float64Array): Float64Array => column.filter((_, i) => keeps(i));
  return {
    entries: only(samples.entries),
    pages: only(samples.pages),
    whole: only(samples.whole),
    serviceNs: only(samples.serviceNs),
  };
}

/** What a model is made of and how far it is off, in words. */
export function modelSource(model: CostModel): string {
  const { residual_ns: off, provenance, issuer_description: issuer } = model;
  const ranOn = issuer.startsWith(provenance) ? issuer : `${provenance}: ${issuer}`;
  return `a model of ${formatCount(model.samples)} ioctls (${ranOn}), off by ${formatDuration(off.p50)} in the middle and ${formatDuration(off.p99)} at p99`;
}

/** Estimated duration of one ioctl; never below 0, whatever was extrapolated. */
export function serviceNs(model: CostModel, entries: number, pages: number, whole: number): number {
  const { base, entry, page, whole: each } = model.service_ns;
  return Math.max(0, base.value + entry.value * entries + page.value * pages + each.value * whole);
}
