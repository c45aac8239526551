// Too many pages or entries for one domain and PASID in a group become one request without a range, as
// drivers do above a limit (spec 7.3, 7.5): fewer waits, more translations lost.

import { FLAG, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';
import { absorbWishes, canWiden, dropRange } from './widen.ts';

const NONE = -1;

/** One domain and PASID of a group: what was asked of it. */
interface Target {
  pages: number;
  entries: number;
  /** Some request asks for all of it anyway. */
  whole: boolean;
  /** Where the one wide entry went; NONE until then. */
  entry: number;
}

class PromoteStage implements Stage {
  readonly #maxPages: number;
  readonly #maxEntries: number;
  readonly #targets = new Map<number | string, Target>();
  #of: Target[] = [];

  constructor(values: ParameterValues) {
    this.#maxPages = values.pages;
    this.#maxEntries = values.entries;
  }

  push(input: StepBatch, output: StepBatch): void {
    let from = 0;
    for (let step = 0; step < input.steps; step++) {
      const start = input.entryStart(step);
      const end = input.entryEnd[step];
      if (end - start === 1 || !this.#mayExceed(input, start, end)) continue;
      this.#append(input, from, step, output);
      from = step + 1;
      this.#group(input, start, end, output);
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    this.#append(input, from, input.steps, output);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes: nothing is ever open.
  }

  /** Appends steps `from … to - 1`, whose entries are alone or within the limits. */
  #append(input: StepBatch, from: number, to: number, output: StepBatch): void {
    const shift = output.entries - input.entryStart(from);
    output.appendSteps(input, from, to);
    for (let step = from; step < to; step++) {
      const start = input.entryStart(step);
      if (input.entryEnd[step] - start > 1 || input.pages[start] <= this.#maxPages) continue;
      if ((input.present[start] & PRESENT.range) === 0 || !canWiden(input, start)) continue;
      dropRange(output, start + shift);
      output.widened[start + shift] = 1;
    }
  }

  /** False where even all entries together stay within both limits. */
  #mayExceed(input: StepBatch, start: number, end: number): boolean {
    if (end - start > this.#maxEntries) return true;
    let pages = 0;
    for (let i = start; i < end; i++)
      if ((input.present[i] & PRESENT.range) !== 0) pages += input.pages[i];
    return pages > this.#maxPages;
  }

  #group(input: StepBatch, start: number, end: number, output: StepBatch): void {
    this.#targets.clear();
    this.#of.length = 0;
    for (let i = start; i < end; i++) this.#of.push(this.#count(input, i));
    for (let i = start; i < end; i++) {
      const target = this.#of[i - start];
      const exceeds = target.pages > this.#maxPages || target.entries > this.#maxEntries;
      if (!exceeds || !canWiden(input, i)) {
        output.copyEntry(input, i);
      } else if (target.entry === NONE) {
        target.entry = output.copyEntry(input, i);
        dropRange(output, target.entry);
        output.widened[target.entry] = target.whole ? 0 : 1;
      } else {
        absorbWishes(output, target.entry, input, i);
      }
    }
  }

  #count(input: StepBatch, i: number): Target {
    const key = targetKey(input, i);
    let target = this.#targets.get(key);
    if (target === undefined) {
      target = { pages: 0, entries: 0, whole: false, entry: NONE };
      this.#targets.set(key, target);
    }
    target.entries++;
    if ((input.present[i] & PRESENT.range) !== 0) target.pages += input.pages[i];
    else if (input.widened[i] === 0) target.whole = true;
    return target;
  }
}

/** Entries with the same key differ in their range and in flags that a wide entry can take over. */
function targetKey(input: StepBatch, i: number): number | string {
  const present = input.present[i];
  const domain = (present & PRESENT.domainId) === 0 ? 0 : input.domainId[i] + 1;
  const pasid = (present & PRESENT.pasid) === 0 ? 0 : input.pasid[i] + 1;
  const mappings = (input.scope[i] & 1) * 2 + (input.flags[i] & FLAG.noPasid);
  // The usual small numbers make a number; anything else a text, which is slower but never mixes up.
  if (domain < 0x1_0000 && pasid <= 0x10_0000)
    return ((domain * 0x20_0000 + pasid) * 8 + input.kind[i]) * 4 + mappings;
  return `${domain} ${pasid} ${input.kind[i]} ${mappings}`;
}

export const promote: Strategy = {
  name: 'promote',
  summary: 'per barrier interval, too many pages or entries of a PASID become all of it',
  parameters: [
    {
      name: 'pages',
      kind: 'count',
      default: '512',
      help: 'pages in sum above which a PASID (or domain) is invalidated whole; 512 is 2 MiB',
    },
    { name: 'entries', kind: 'count', default: '64', help: 'entries above which it is, too' },
  ],
  standsOn: 'barrier',
  reorders: true,
  widens: true,
  defers: false,
  open: (values) => new PromoteStage(values),
};
