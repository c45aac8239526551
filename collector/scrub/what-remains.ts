// What a scrub takes out and what it leaves, with the reason why that has to stay. The command prints it.

export const ATTACKER = `
The attacker has the scrubbed file and knows how iotlb works, but not the passphrase. They may know some
original addresses with the scrubbed ones that belong to them, and may hold recordings that could be the original.
They cannot undo the addresses further than is listed, confirm an original by its digest, or try passphrases faster than scrypt lets
them. They can recognise an original that they hold by the times of its events: replay needs those.`;

export const REMOVED: readonly string[] = [
  'host, guest, kernel, CPU, command line',
  'names of streams, of waiters, of the source file and its version',
  'absolute times and clock pairs',
  'raw words, but for the kind of command and its granule',
  'the digest of the original: what stands in its place needs the passphrase',
];

export interface Remains {
  readonly what: string;
  readonly why: string;
}

export const REMAINS: readonly Remains[] = [
  {
    what: 'order and spacing of events in time, and the clock resolution',
    why: 'requests are issued at these times',
  },
  {
    what: 'kinds, scopes, flags, submissions, guest CPU numbers',
    why: 'strategies and dialects read them',
  },
  {
    what: 'sizes of ranges; which ranges are equal, overlap or touch; their alignment',
    why: 'ranges are joined and widened by them',
  },
  {
    what: 'of any two addresses: the smallest aligned power-of-two block that holds both (its size, not its place)',
    why: 'a widened range covers such a block. So one known pair of original and scrubbed address reveals of every other address the bits above the block that it shares with it, and none below',
  },
  {
    what: 'inside a cluster of touching ranges: all distances, and the address bits below its enclosing aligned block',
    why: 'neighbours are joined by them',
  },
  {
    what: 'the address bits from bit 47 up',
    why: 'the halves of an address space are never joined',
  },
  {
    what: 'how many domains, PASIDs and sources there are and who asked for what; which id was 0',
    why: 'requests of different domains are never joined',
  },
  {
    what: 'the name of the source, the kind of IOMMU and its mode, losses',
    why: 'they choose the dialect, and say how far counts can be trusted',
  },
];
