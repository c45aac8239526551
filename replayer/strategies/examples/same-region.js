// An example of a custom strategy: inside a barrier interval, requests of one domain and PASID that
// fall into the same aligned region become one range that spans them. Run it with
//   iotlb plan REC.arrow --strategy ./replayer/strategies/examples/same-region.js:pages=512

/** @typedef {import('../strategy.ts').Strategy} Strategy */
/** @typedef {import('../../steps/step-batch.ts').StepBatch} StepBatch */

class SameRegion {
  /** @param {number} pages */
  constructor(pages) {
    this.pages = pages;
  }

  /** @param {StepBatch} input @param {StepBatch} output */
  push(input, output) {
    for (let step = 0; step < input.steps; step++) {
      const byRegion = new Map();
      for (let i = input.entryStart(step); i < input.entryEnd[step]; i++) {
        const key = this.keyOf(input, i);
        const into = key === undefined ? undefined : byRegion.get(key);
        if (into !== undefined) span(output, into, input, i);
        else byRegion.set(key, output.copyEntry(input, i));
      }
      output.copyReleases(input, step);
      output.commit(input.dueNs[step]);
    }
    output.copyFree(input);
  }

  end() {
    // Every step is done when it comes.
  }

  /** Entries with the same key may become one; undefined where the entry stays alone. */
  keyOf(input, i) {
    if (!input.has(i, 'range')) return undefined;
    const region = Math.floor(input.page[i] / this.pages);
    if (Math.floor((input.page[i] + input.pages[i] - 1) / this.pages) !== region) return undefined;
    return `${input.joinKey(i)} ${region}`;
  }
}

/** Entry `into` of `output` grows to span entry `i` of `input`, and says so where that adds pages. */
function span(output, into, input, i) {
  const end = output.page[into] + output.pages[into];
  const otherEnd = input.page[i] + input.pages[i];
  if (input.page[i] > end || otherEnd < output.page[into]) output.widened[into] = 1;
  const page = Math.min(output.page[into], input.page[i]);
  output.pages[into] = Math.max(end, otherEnd) - page;
  output.page[into] = page;
  output.entryFirstSeq[into] = Math.min(output.entryFirstSeq[into], input.entryFirstSeq[i]);
  output.entryLastSeq[into] = Math.max(output.entryLastSeq[into], input.entryLastSeq[i]);
}

/** @type {Strategy} */
export default {
  name: 'same-region',
  summary: 'per barrier interval, one range per aligned region',
  parameters: [
    { name: 'pages', kind: 'count', default: '512', help: 'pages of a region; 512 is 2 MiB' },
  ],
  standsOn: 'barrier',
  reorders: true,
  widens: true,
  defers: false,
  open: (values) => new SameRegion(values.pages),
};
