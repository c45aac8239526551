// Builds the header of a recording from what is known about it. Every header is made here, so that a new field
// is filled in one way and what is not known is left out everywhere.

import { TOOL } from '../base/index.ts';
import { FORMAT_VERSION } from './columns.ts';
import { FORMAT_NAME, type Family, type TraceHeader, type Viommu } from './header.ts';

type Derived = 'format' | 'version' | 'writer' | 'iommu';
type Known = Omit<TraceHeader, Derived>;
type Needed = 'source' | 'clock' | 'barriers' | 'arrivals' | 'streams' | 'viommus' | 'waiters';

/** What is known about a recording; undefined is the same as left out. */
export type HeaderFacts = Pick<Known, Needed> & {
  readonly [K in Exclude<keyof Known, Needed>]?: Known[K] | undefined;
};

/** The header of a recording that this program writes. */
export function makeHeader(facts: HeaderFacts): TraceHeader {
  const known = Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''),
  ) as unknown as HeaderFacts & { readonly [K in keyof Known]: Known[K] };
  return {
    format: FORMAT_NAME,
    version: FORMAT_VERSION,
    writer: TOOL.id,
    ...known,
    iommu: iommuOf(facts.viommus),
    clock_steps: facts.clock_steps ?? [],
    devices: facts.devices ?? [],
    hosts: facts.hosts ?? [],
    marks: facts.marks ?? [],
    scrub: facts.scrub ?? 'none',
  };
}

/** What the vIOMMUs are together. */
export function iommuOf(viommus: readonly Viommu[]): TraceHeader['iommu'] {
  const families = [...new Set(viommus.map(({ family }) => family))];
  const names = [...new Set(viommus.map(({ name }) => name))].filter((name) => name !== '');
  const [first = 'unknown'] = families;
  return { family: families.length > 1 ? 'mixed' : first, name: names.join(', ') };
}

/** The family of the IOMMU that stream `stream` belongs to. */
export function familyOfStream(header: TraceHeader, stream: number): Family {
  const viommu = header.streams.find(({ index }) => index === stream)?.viommu;
  return header.viommus.find(({ index }) => index === viommu)?.family ?? 'unknown';
}
