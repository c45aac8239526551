// `iotlb generate`: a recording of stated shape from a seed, or one like another but longer. It says in its
// header that it was made, and how; the same command makes the same file, byte for byte.

import { formatCount, jsonText, parseCount, parseFactor } from '../base/index.ts';
import type { Terminal, VerbModule } from '../base/index.ts';
import { Output, ToolError } from '../base/index.ts';
import { fileDigest, openTrace } from '../format/index.ts';
import { generate } from '../generate/generate.ts';
import { ShapeMeter } from '../generate/measure.ts';
import { ARRIVALS, shapeOf, type ShapeOptions } from '../generate/shape-options.ts';
import type { Shape } from '../generate/shape.ts';
import { writeMade } from '../generate/write.ts';
import { makeHeader, type TraceHeader, type Viommu } from '../model/index.ts';

interface Options extends ShapeOptions {
  readonly output: string;
  readonly seed: string;
  readonly like?: string;
  readonly scale: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .requiredOption('-o, --output <file>', 'the recording to write')
    .option('--seed <n>', 'the same seed and options make the same file', '1')
    .option('--like <recording>', 'the statistics of this recording instead of the options below')
    .option('--scale <factor>', 'with --like: so many times as many requests', '1x')
    .option('-n, --requests <n>', 'requests over all streams', '100k')
    .option('--streams <n>', 'ordered queues', '1')
    .option(
      '--waiters <n>',
      'who wait at each stream, each with arrivals of its own; 0: nobody is named',
      '0',
    )
    .option('--arrivals <process>', ARRIVALS.join(', '), 'poisson')
    .option('--rate <per-second>', 'requests of each stream, or of each waiter', '20k/s')
    .option('--burst <n>', 'requests of a burst', '16')
    .option('--burst-gap <time>', 'between the requests of a burst', '3us')
    .option('--pages <sizes>', 'pages of a range with their weights', '1:75,2:14,4:2,32:9')
    .option('--locality <share>', 'ranges that begin where the one before ended', '0.3')
    .option('--working-set <size>', 'addresses come from so much', '1GiB')
    .option('--per-barrier <counts>', 'requests to a barrier with their weights, or none', '1')
    .option('--barrier-delay <time>', 'from the last request to its barrier', '3us')
    .option('--domains <n>', 'guest domains', '1')
    .option('--pasids <n>', 'PASIDs of each; 0 for requests without PASID', '1')
    .option('--leaf <share>', 'ranges with the leaf hint', '1')
    .option('--large-unmap <share>', 'requests that begin the unmapping of a large region', '0')
    .option('--large-size <size>', 'size of that region', '64MiB')
    .option('--large-chunk <size>', 'size of its ranges', '2MiB')
    .option('--teardown <share>', 'requests for all of a PASID or domain', '0')
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .action((options: Options) => run(options, terminal()));
};

function run(options: Options, terminal: Terminal): void {
  const inputs = options.like === undefined ? [] : [options.like];
  const output = new Output(options.output, { force: options.force, inputs });
  const seed = parseCount(options.seed, '--seed');
  const made = options.like === undefined ? stated(options) : likeOf(options.like, options);
  const header = headerOf(made, seed);
  const progress = terminal.progress('generating', made.shape.requests);
  let rows = 0;
  try {
    rows = writeMade(output, header, generate(made.shape, seed), {
      progress: (done) => progress.update(done),
    });
  } finally {
    progress.stop();
  }
  terminal.answer(
    options.json
      ? jsonText({ output: options.output, events: rows, requests: made.shape.requests, seed })
      : options.output,
  );
  terminal.story(`${formatCount(rows)} rows, ${formatCount(made.shape.requests)} of them requests`);
}

/** A shape and where it comes from. */
interface Made {
  readonly shape: Shape;
  readonly text: string;
  readonly parent?: { readonly name: string; readonly digest: string };
  /** What the made guest talks to: as in the recording that it is like. */
  readonly viommu?: Pick<Viommu, 'family' | 'name'>;
}

function stated(options: Options): Made {
  const shape = shapeOf(options);
  const { arrivals, requests, streams } = shape;
  return {
    shape,
    text: `generated: ${formatCount(requests)} requests, ${arrivals.kind} arrivals, ${streams} streams`,
  };
}

function likeOf(path: string, options: Options): Made {
  const scale = parseFactor(options.scale, '--scale');
  const meter = new ShapeMeter();
  using reader = openTrace(path);
  for (const batch of reader.batches()) meter.add(batch);
  if (meter.requests === 0) {
    throw new ToolError(
      'E_EMPTY',
      `${path}: holds no IOTLB request to be like; nothing was written`,
    );
  }
  const name = path.split('/').at(-1) ?? path;
  const shape = meter.shape(Math.max(1, Math.round(meter.requests * scale)));
  return {
    shape,
    text: `generated with the statistics of ${name}, ${scale} times as many requests`,
    parent: { name, digest: fileDigest(path) },
    ...viommuOf(reader.header),
  };
}

/** One vIOMMU is made; a recording of several families says only that it is unknown. */
function viommuOf({ iommu }: TraceHeader): Pick<Made, 'viommu'> {
  return iommu.family === 'mixed' ? {} : { viommu: { family: iommu.family, name: iommu.name } };
}

function waitersOf({ streams, waiters }: Shape): TraceHeader['waiters'] {
  return Array.from({ length: streams * waiters }, (_, index) => ({
    index,
    vm: 0,
    name: `made ${index}`,
    from: 'stated',
  }));
}

function headerOf(made: Made, seed: number): TraceHeader {
  const { family = 'unknown', name = '' } = made.viommu ?? {};
  return makeHeader({
    source: { name: 'generate', detail: `seed ${seed}, shape ${JSON.stringify(made.shape)}` },
    clock: { name: 'unknown', start_ns: '0', resolution_ns: 1, pairs: [] },
    barriers: 'seen',
    arrivals: 'entry',
    streams: Array.from({ length: made.shape.streams }, (_, index) => ({
      index,
      vm: 0,
      viommu: 0,
      queue: index,
      name: `made ${index}`,
    })),
    viommus: [{ index: 0, vm: 0, family, name }],
    waiters: waitersOf(made.shape),
    synthetic: `${made.text}; seed ${seed}`,
    parent: made.parent,
  });
}
