// The guest's lazy mode seen from the host: requests wait in a queue, barriers do not wait for them, and a
// full queue or its timer flushes whole domains (spec 7.1; Linux drivers/iommu/dma-iommu.c). Deferred: the
// guest's pages stay reachable until the flush. What is no plain IOTLB request goes at once, in order.

import { FLAG, PRESENT } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';
import { absorbWishes, canWiden, dropPasid, dropRange } from './widen.ts';

const EVERY_DOMAIN = -1;

class FlushQueueStage implements Stage {
  readonly #size: number;
  readonly #timeoutNs: number;
  #queued = 0;
  #openedNs = 0;
  /** Entry of the open flush for each domain, from its first: what is open moves between two pushes. */
  readonly #byDomain = new Map<number, number>();

  constructor(values: ParameterValues) {
    this.#size = values.size;
    this.#timeoutNs = values.timeout;
  }

  push(input: StepBatch, output: StepBatch): void {
    for (let step = 0; step < input.steps; step++) {
      const due = input.dueNs[step];
      if (this.#queued > 0 && due > this.#openedNs + this.#timeoutNs)
        this.#flush(output, this.#openedNs + this.#timeoutNs);
      if (isPlain(input, step)) this.#queue(input, step, output);
      else this.#pass(input, step, output);
    }
    output.copyFree(input);
  }

  end(output: StepBatch): void {
    if (this.#queued > 0) this.#flush(output, this.#openedNs + this.#timeoutNs);
  }

  #queue(input: StepBatch, step: number, output: StepBatch): void {
    if (this.#queued === 0) this.#openedNs = input.dueNs[step];
    const end = input.entryEnd[step];
    for (let i = input.entryStart(step); i < end; i++) this.#entry(input, i, output);
    if (this.#queued >= this.#size) {
      // Whoever fills the queue flushes it before going on: only these barriers wait.
      output.copyReleases(input, step);
      this.#flush(output, input.dueNs[step]);
    } else {
      for (let i = input.releaseStart(step); i < input.releaseEnd[step]; i++)
        output.addFree(input.releaseSeq[i], input.releaseTNs[i]);
    }
  }

  #pass(input: StepBatch, step: number, output: StepBatch): void {
    if (this.#queued > 0) this.#flush(output, input.dueNs[step]);
    output.copyEntries(input, step);
    output.copyReleases(input, step);
    output.commit(input.dueNs[step]);
  }

  #entry(input: StepBatch, index: number, output: StepBatch): void {
    this.#queued++;
    const hasDomain = (input.present[index] & PRESENT.domainId) !== 0;
    const domain = hasDomain ? input.domainId[index] : EVERY_DOMAIN;
    const isWhole =
      input.scope[index] === 0 &&
      (input.flags[index] & FLAG.noPasid) === 0 &&
      input.widened[index] === 0;
    const first = output.entryStart(output.steps);
    const place = this.#byDomain.get(domain);
    if (place !== undefined) {
      const known = first + place;
      absorbWishes(output, known, input, index);
      if (isWhole) output.widened[known] = 0;
      return;
    }
    const entry = output.copyEntry(input, index);
    dropRange(output, entry);
    dropPasid(output, entry);
    // A flush of the domain is of all mappings, with PASID or without.
    output.flags[entry] &= ~FLAG.noPasid;
    output.widened[entry] = isWhole ? 0 : 1;
    this.#byDomain.set(domain, entry - first);
  }

  #flush(output: StepBatch, dueNs: number): void {
    output.commit(dueNs);
    this.#byDomain.clear();
    this.#queued = 0;
  }
}

function isPlain(input: StepBatch, step: number): boolean {
  for (let i = input.entryStart(step); i < input.entryEnd[step]; i++)
    if (!canWiden(input, i)) return false;
  return true;
}

export const flushQueue: Strategy = {
  name: 'flush-queue',
  summary: "the guest's lazy mode: barriers do not wait, whole domains are flushed now and then",
  parameters: [
    { name: 'size', kind: 'count', default: '256', help: 'requests that fill the queue' },
    { name: 'timeout', kind: 'duration', default: '10ms', help: 'longest that a request waits' },
  ],
  reorders: true,
  widens: true,
  defers: true,
  grouping: (values) => ({
    kind: 'released-early',
    size: values.size,
    timeoutNs: values.timeout,
  }),
  open: (values) => new FlushQueueStage(values),
};
