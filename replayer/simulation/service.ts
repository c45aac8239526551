// How long a call takes in a simulation: written down (`1us`, `300ns+40ns/entry`), or a file of `iotlb model`.

import { ToolError, parseDurationNs } from '../../collector/base/index.ts';
import { PRESENT } from '../../collector/model/index.ts';
import type { Dialect } from '../dialects/index.ts';
import { modelSource, priceOf, type CostModel, type IoctlLoad } from '../model/cost-model.ts';
import { ENTRY_CLASSES, entryClass } from '../model/entry-class.ts';
import { readModel } from '../model/file.ts';
import type { StepBatch } from '../steps/step-batch.ts';

/** Where nothing else is said: one microsecond a call, a lower bound of what kernels take (design §13). */
export const DEFAULT_SERVICE = '1us';

export interface ServiceModel {
  /** As it was given, for people. */
  readonly text: string;
  /** What a call of so many entries takes, where the number of entries is all that matters. */
  readonly ofEntries?: (entries: number) => number;
  /** What the call takes that has all committed entries of `steps`. */
  of(steps: StepBatch): number;
}

const WRITTEN = /^(?<base>[\d.]+\s*[a-zµ]+)(?:\s*\+\s*(?<entry>[\d.]+\s*[a-zµ]+)\s*\/\s*entry)?$/;

/** Throws ToolError where `text` is neither a duration nor a file. */
export function openService(text: string, dialect: Dialect): ServiceModel {
  const written = WRITTEN.exec(text.trim())?.groups;
  if (written !== undefined) {
    const baseNs = parseDurationNs(written.base, '--service');
    const entryNs = written.entry === undefined ? 0 : parseDurationNs(written.entry, '--service');
    const ofEntries = (entries: number): number => baseNs + entryNs * entries;
    return { text, ofEntries, of: (steps) => ofEntries(steps.entries) };
  }
  if (/^[\d.]/.test(text.trim())) {
    throw new ToolError('E_USAGE', `--service: '${text}' is no time per call`, {
      hint: "write it like 1us or 300ns+40ns/entry, or give a file of 'iotlb model'",
    });
  }
  return fittedService(readModel(text, dialect));
}

/** The service of a fitted model. */
export function fittedService(model: CostModel): ServiceModel {
  const price = priceOf(model);
  const load = { entries: 0, pages: 0, whole: 0, classes: new Float64Array(ENTRY_CLASSES) };
  return {
    text: modelSource(model),
    of: (steps) => price(loadOf(steps, load)),
  };
}

function loadOf(
  steps: StepBatch,
  load: { -readonly [K in keyof IoctlLoad]: IoctlLoad[K] } & { classes: Float64Array },
): IoctlLoad {
  load.entries = steps.entries;
  load.pages = 0;
  load.whole = 0;
  load.classes.fill(0);
  for (let i = 0; i < steps.entries; i++) {
    load.classes[entryClass(steps, i)]++;
    if ((steps.present[i] & PRESENT.range) === 0) load.whole++;
    else load.pages += steps.pages[i];
  }
  return load;
}
