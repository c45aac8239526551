// Arrival times as a recording, so that the whole product is measured and not its loop alone.

import { TraceWriter, sealTrace } from '../../../collector/format/index.ts';
import {
  EventBuilder,
  FORMAT_NAME,
  FORMAT_VERSION,
  KIND,
  PRESENT,
  SCOPE,
} from '../../../collector/model/index.ts';

/** One request at each time. */
export function writeRecording(path: string, dueNs: Float64Array): void {
  const stream = `${path}.stream`;
  const writer = new TraceWriter(
    stream,
    {
      format: FORMAT_NAME,
      version: FORMAT_VERSION,
      writer: 'bench',
      source: { name: 'bench', detail: 'made arrival times' },
      clock: { name: 'mono', start_ns: '0', resolution_ns: 1, pairs: [] },
      barriers: 'implied',
      synthetic: 'arrival times of a benchmark',
      streams: [{ id: 0, name: 'queue 0' }],
      scrub: 'none',
    },
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
