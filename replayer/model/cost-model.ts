// What an ioctl costs on one host: a + b × entries + c × pages + d × entries without a range, and what each
// kind and width costs more than that, fitted on the samples of replays. Says on what it was measured and how far it is off; a file of it is JSON.

import { z } from 'zod';

import { ToolError, formatCount, formatDuration, percentiles } from '../../collector/base/index.ts';
import { provenanceSchema } from '../result/header.ts';
import { ENTRY_CLASSES, className } from './entry-class.ts';
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
  provenance: provenanceSchema,
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
    /**
     * By kind and width: what such an entry costs more than the above says, which is the cost of
     * `usual`, the class of most entries. All classes that occurred are listed.
     */
    classes: z.record(z.string(), coefficientSchema).default({}),
  }),
  /** Kind and width of most entries. */
  usual: z.string().default(''),
  r2: z.number(),
  /** How far a sample is from the fit, either way. */
  residual_ns: z.object({
    p50: z.number().nullable(),
    p90: z.number().nullable(),
    p99: z.number().nullable(),
    max: z.number().nullable(),
  }),
});
export type CostModel = z.infer<typeof costModelSchema>;

/** One sample an ioctl: what it carried and how long it took. */
export interface CostSamples {
  readonly entries: Float64Array;
  /** Pages of its ranged entries. */
  readonly pages: Float64Array;
  /** Entries without a range. */
  readonly whole: Float64Array;
  /** Entries of each class that occurs (`entryClass`). */
  readonly classes: ReadonlyMap<number, Float64Array>;
  readonly serviceNs: Float64Array;
}

/** What one ioctl carries, as a model prices it. */
export interface IoctlLoad {
  readonly entries: number;
  readonly pages: number;
  readonly whole: number;
  /** Entries by class; as long as there are classes. */
  readonly classes: ArrayLike<number>;
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
  const byCount = [...samples.classes]
    .map(([its, column]) => ({ its, count: column.reduce((sum, each) => sum + each, 0) }))
    .sort((a, b) => b.count - a.count || a.its - b.its)
    .map(({ its }) => its);
  const [usual, ...others] = byCount;
  const fit = trimmedFit(samples, others);
  const [base, entry, page, whole, ...extra] = fit.coefficients;
  const { p50, p90, p99, max } = percentiles(residualsOf(samples, fit, others).map(Math.abs));
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    ...measured,
    samples: count,
    left_out: count - fit.samples,
    service_ns: {
      base,
      entry,
      page,
      whole,
      classes: Object.fromEntries(others.map((its, i) => [className(its), extra[i]])),
    },
    usual: usual === undefined ? '' : className(usual),
    r2: fit.r2,
    residual_ns: { p50, p90, p99, max },
  };
}

/** Fits, leaves out what is furthest off, and fits again, until that hardly moves. */
function trimmedFit(samples: CostSamples, classes: readonly number[]): Fit {
  let fit = leastSquares(samples.serviceNs, columnsOf(samples, classes));
  for (let round = 0; round < ROUNDS; round++) {
    const off = residualsOf(samples, fit, classes).map(Math.abs);
    const limit = off.slice().sort()[Math.ceil((1 - LEFT_OUT) * off.length) - 1];
    const kept = samplesWhere(samples, (i) => off[i] <= limit);
    fit = leastSquares(kept.serviceNs, columnsOf(kept, classes));
  }
  return fit;
}

/** A column that the ones before it already say is left out of the fit: the common costs come first. */
function columnsOf(samples: CostSamples, classes: readonly number[]): readonly Float64Array[] {
  const none = new Float64Array(samples.serviceNs.length);
  const ones = none.map(() => 1);
  const byClass = classes.map((its) => samples.classes.get(its) ?? none);
  return [ones, samples.entries, samples.pages, samples.whole, ...byClass];
}

function residualsOf(samples: CostSamples, fit: Fit, classes: readonly number[]): Float64Array {
  const columns = columnsOf(samples, classes);
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
    classes: new Map([...samples.classes].map(([its, column]) => [its, only(column)])),
    serviceNs: only(samples.serviceNs),
  };
}

/** What a model is made of and how far it is off, in words. */
export function modelSource(model: CostModel): string {
  const { residual_ns: off, provenance, issuer_description: issuer } = model;
  const ranOn = issuer.startsWith(provenance) ? issuer : `${provenance}: ${issuer}`;
  return `a model of ${formatCount(model.samples)} ioctls (${ranOn}), off by ${formatDuration(off.p50)} at the median and ${off.p99 === null ? `at most ${formatDuration(off.max)}` : `${formatDuration(off.p99)} at p99`}`;
}

/** Estimated duration of an ioctl by what it carries; never below 0, whatever was extrapolated. */
export function priceOf(model: CostModel): (load: IoctlLoad) => number {
  const { base, entry, page, whole, classes } = model.service_ns;
  const extra = Float64Array.from(
    { length: ENTRY_CLASSES },
    (_, its) => classes[className(its)]?.value ?? 0,
  );
  return (load) => {
    const common = base.value + entry.value * load.entries + page.value * load.pages;
    let took = common + whole.value * load.whole;
    for (let its = 0; its < ENTRY_CLASSES; its++) took += extra[its] * load.classes[its];
    return Math.max(0, took);
  };
}
