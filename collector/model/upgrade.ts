// Brings the headers of older versions to the newest, one step for each version. Here alone it is known what
// older headers looked like.

import { z } from 'zod';

import { FORMAT_VERSION } from './columns.ts';
import { FORMAT_NAME, clockPair, tallySchema, type Family, type Stream } from './header.ts';
import { iommuOf } from './make-header.ts';

const count = z.number().int().nonnegative();

/** Versions 1 and 2: streams have a number and a name, the IOMMU is a text for people. */
const header2 = z.object({
  format: z.literal(FORMAT_NAME),
  version: count,
  writer: z.string(),
  source: z.looseObject({ name: z.string() }),
  clock: z.looseObject({ name: z.string(), pairs: z.array(clockPair).default([]) }),
  barriers: z.enum(['seen', 'implied']),
  streams: z.array(z.object({ id: count, name: z.string() })),
  host: z.string().optional(),
  kernel: z.string().optional(),
  cpu: z.string().optional(),
  iommu: z.string().optional(),
  mode: z.string().optional(),
  totals: tallySchema.optional(),
});

/** How the texts of versions 1 and 2 named the families: in `iommu`, and in the names of streams. */
const TEXTS: readonly {
  readonly family: Family;
  readonly iommu: RegExp;
  readonly stream: RegExp;
}[] = [
  { family: 'vtd', iommu: /\bVT-d\b/, stream: /\bvtd\b|\bdmar\d/ },
  { family: 'smmuv3', iommu: /\bSMMUv3\b/, stream: /\bsmmuv3\b/ },
  { family: 'virtio-iommu', iommu: /\bvirtio-iommu\b/, stream: /\bvirtio-iommu\b/ },
  { family: 'amdvi', iommu: /\bAMD\b/, stream: /\bamd-vi\b/ },
];

/** Sources whose rows are taken after the locks of guest and VMM were had (design 13). */
const AFTER_LOCK: ReadonlySet<string> = new Set(['qemu', 'vmm', 'ftrace', 'trace-cmd', 'perf']);

/** One VM, one vIOMMU for each family; nobody is named as a waiter. */
function from2to3(raw: unknown): unknown {
  const old = header2.parse(raw);
  const { host, cpu, iommu = '', mode, streams, ...kept } = { ...(raw as object), ...old };
  const inText = TEXTS.filter((one) => one.iommu.test(iommu)).map(({ family }) => family);
  const familyOf = (name: string): Family => {
    if (inText.length === 1) return inText[0];
    const found = TEXTS.find((one) => one.stream.test(name))?.family;
    return found !== undefined && (inText.length === 0 || inText.includes(found))
      ? found
      : 'unknown';
  };
  const families = [...new Set(streams.map(({ name }) => familyOf(name)))];
  const texts = iommu.split(/[,;] /);
  const viommus = families.map((family, index) => {
    const known = TEXTS.find((one) => one.family === family);
    const name =
      texts.find((text) => known?.iommu.test(text)) ?? (known === undefined ? iommu : '');
    return { index, vm: 0, family, name };
  });
  const queues = new Map<number, number>();
  return {
    ...kept,
    streams: streams.map(({ id, name }): Stream => {
      const viommu = families.indexOf(familyOf(name));
      const queue = queues.get(viommu) ?? 0;
      queues.set(viommu, queue + 1);
      return { index: id, vm: 0, viommu, queue, name };
    }),
    viommus,
    waiters: [],
    arrivals: AFTER_LOCK.has(old.source.name) ? 'after-lock' : 'unknown',
    iommu: iommuOf(viommus),
    ...(mode === 'strict' || mode === 'lazy' ? { mode } : {}),
    hosts: host === undefined ? [] : [{ machine: host, ...(cpu === undefined ? {} : { cpu }) }],
  };
}

/** The step from a version to the next, for those that changed the header. */
const STEPS: ReadonlyMap<number, (raw: unknown) => unknown> = new Map([[2, from2to3]]);

/** The header of a file of `version` as the newest version has it. Throws ZodError where it cannot be read. */
export function upgradeHeader(raw: unknown, version: number): unknown {
  let header = raw;
  for (let at = version; at < FORMAT_VERSION; at++) header = STEPS.get(at)?.(header) ?? header;
  return version === FORMAT_VERSION ? raw : { ...(header as object), version: FORMAT_VERSION };
}
