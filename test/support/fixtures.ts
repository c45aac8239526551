// Where the samples are, and the vectors among them as a typed value. Owns no expectations.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a file under test/fixtures, also from the compiled tests. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));

export const capture = (name: string): string => fixture(`spec/captures/${name}`);

export interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly op?: string;
  readonly fields?: Readonly<Record<string, string | number>>;
  readonly qw0?: string;
  readonly qw1?: string;
  readonly hex: string;
  readonly hex256?: string;
}

export interface Vectors {
  readonly encodings: readonly Vector[];
  readonly trailing_ones_decode: {
    readonly cases: readonly {
      readonly addr_field: string;
      readonly s: number;
      readonly base: string;
      readonly bytes: string;
    }[];
  };
  readonly smmuv3_range_split: {
    readonly cases: readonly {
      readonly id: string;
      readonly iova: string;
      readonly size: string;
      readonly tg_lg2: number;
      readonly leaf: number;
      readonly cmds: readonly Readonly<Record<string, string | number>>[];
    }[];
  };
  readonly smmuv3_atc_span: {
    readonly cases: readonly {
      readonly addr: string;
      readonly size_field: number;
      readonly covers_bytes: string;
    }[];
  };
  readonly ring_buffer_first_qi_submit: Readonly<Record<string, unknown>>;
  readonly qemu_simple_trace_v4: { readonly hex: string };
}

/** Checked by the tests that use it, not here: the file is ours. */
export const vectors = JSON.parse(readFileSync(fixture('spec/vectors.json'), 'utf8')) as Vectors;
