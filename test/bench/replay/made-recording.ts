// Arrival times as a recording, so that the whole product is measured and not its loop alone.

import { TraceWriter, sealTrace } from '../../../collector/format/index.ts';
import { EventBuilder, KIND, PRESENT, SCOPE, makeHeader } from '../../../collector/model/index.ts';

/** One request at each time. */
export function writeRecording(path: string, dueNs: Float64Array): void {
  const stream = `${path}.stream`;
  const writer = new TraceWriter(
    stream,
    makeHeader({
      source: { name: 'bench', detail: 'made arrival times' },
      clock: { name: 'mono', start_ns: '0', resolution_ns: 1, pairs: [] },
      barriers: 'implied',
      arrivals: 'entry',
      synthetic: 'arrival times of a benchmark',
      streams: [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'queue 0' }],
      viommus: [{ index: 0, vm: 0, family: 'unknown', name: '' }],
      waiters: [],
    }),
    { overwrite: true },
  );
  const out = new EventBuilder(dueNs.length + 1);
  for (const due of dueNs) {
    const row = out.next(due, 0);
    out.kind[row] = KIND.iotlb;
    out.scope[row] = SCOPE.pasid | SCOPE.vaddr;
    out.present[row] = PRESENT.domainId | PRESENT.pasid | PRESENT.range;
    out.domainId[row] = 1;
    out.page[row] = 1 + row;
    out.pages[row] = 1;
  }
  const tally = { seen: out.count, kept: out.count, lost: 0, skipped: 0 };
  writer.append(out, tally, []);
  writer.finish(tally, []);
  sealTrace(stream, path);
}
