// A process that writes known rows until it is killed or its disk is full. Says on stdout, one byte a
// batch, what it was told is written; ends with the error's code on stderr.

import { writeSync } from 'node:fs';

import { ToolError } from '../../collector/base/index.ts';
import { TraceWriter } from '../../collector/format/index.ts';
import { EventBuilder } from '../../collector/model/index.ts';
import { below, fillKnown, knownHeader, seeded, tallyOf } from './known-rows.ts';

const BATCHES_LIMIT = 100_000;

const [path, seed] = process.argv.slice(2);
const random = seeded(Number(seed));
const out = new EventBuilder();
try {
  using writer = new TraceWriter(path, knownHeader(Number(seed)), { overwrite: true });
  for (let batch = 0; batch < BATCHES_LIMIT; batch++) {
    const rows = 1 + below(random, 120);
    fillKnown(out, writer.rows, rows, Number(seed));
    writer.append(out, tallyOf(out.firstSeq + rows), []);
    out.clear();
    writeSync(1, '.');
  }
} catch (error) {
  if (!(error instanceof ToolError)) throw error;
  process.stderr.write(error.code);
  process.exitCode = error.exitCode;
}
