// Laws of the address permutation, on random ranges of many sizes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { mergeTouching, type Cluster } from '../../../collector/scrub/clusters.ts';
import { AddressPermutation } from '../../../collector/scrub/permutation.ts';

const key = (text: string): Uint8Array => Buffer.from(text.padEnd(32, '.'));

/** Ranges crowd near a few places, so that many touch, overlap and straddle borders. */
const range = fc
  .record({
    near: fc.constantFrom(0x1000, 0x7_ff00, 0xf_ff00, 2 ** 33, 2 ** 40 - 300),
    offset: fc.nat(600),
    pages: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 64 })),
  })
  .map(({ near, offset, pages }): Cluster => ({
    start: near + offset,
    end: near + offset + pages,
  }));

const ranges = fc.array(range, { minLength: 1, maxLength: 60 });

/** Pages of the smallest naturally aligned power of two of pages that holds the range. */
function enclosingBlock({ start, end }: Cluster): number {
  let size = 1;
  while (Math.floor(start / size) !== Math.floor((end - 1) / size)) size *= 2;
  return size;
}

const touch = (a: Cluster, b: Cluster): boolean => a.start <= b.end && b.start <= a.end;

function moved(permutation: AddressPermutation, { start, end }: Cluster): Cluster {
  const to = permutation.map(start);
  return { start: to, end: to + end - start };
}

test('two ranges touch after the permutation exactly where they touched before, with equal distance', () => {
  fc.assert(
    fc.property(ranges, fc.string(), (all, secret) => {
      const permutation = new AddressPermutation(mergeTouching(all), key(secret));
      for (const a of all) {
        for (const b of all) {
          const [c, d] = [moved(permutation, a), moved(permutation, b)];
          assert.equal(touch(c, d), touch(a, b));
          if (touch(a, b)) assert.equal(d.start - c.start, b.start - a.start);
        }
      }
    }),
  );
});

test('every join of touching ranges keeps its enclosing aligned block and its place in it', () => {
  fc.assert(
    fc.property(ranges, fc.string(), (all, secret) => {
      const permutation = new AddressPermutation(mergeTouching(all), key(secret));
      // Every union of neighbours in address order is a join that some strategy could make.
      const sorted = [...all].sort((a, b) => a.start - b.start);
      for (let from = 0; from < sorted.length; from++) {
        for (const union of mergeTouching(sorted.slice(from, from + 5))) {
          const to = moved(permutation, union);
          const block = enclosingBlock(union);
          assert.equal(enclosingBlock(to), block);
          assert.equal(to.start % block, union.start % block);
        }
      }
    }),
  );
});

test('aligned blocks stay aligned blocks: any two ranges keep the block that holds both', () => {
  fc.assert(
    fc.property(ranges, fc.string(), (all, secret) => {
      const permutation = new AddressPermutation(mergeTouching(all), key(secret));
      for (const a of all) {
        for (const b of all) {
          const [p, q] = [permutation.map(a.start), permutation.map(b.end - 1)];
          const before = {
            start: Math.min(a.start, b.end - 1),
            end: Math.max(a.start, b.end - 1) + 1,
          };
          const after = { start: Math.min(p, q), end: Math.max(p, q) + 1 };
          assert.equal(enclosingBlock(after), enclosingBlock(before));
        }
      }
    }),
  );
});

test('no page is given twice: what was distinct stays distinct', () => {
  fc.assert(
    fc.property(ranges, (all) => {
      const clusters = mergeTouching(all);
      const permutation = new AddressPermutation(clusters, key('k'));
      const places = clusters.map((cluster) => moved(permutation, cluster));
      assert.deepEqual(mergeTouching(places).length, clusters.length);
    }),
  );
});

test('the same key gives the same places, another key gives others', () => {
  const clusters = Array.from({ length: 50 }, (_, i) => ({ start: 1000 * i, end: 1000 * i + 3 }));
  const places = (secret: string): readonly number[] => {
    const permutation = new AddressPermutation(clusters, key(secret));
    return clusters.map(({ start }) => permutation.map(start));
  };
  assert.deepEqual(places('one'), places('one'));
  const [one, two] = [places('one'), places('two')];
  assert.ok(one.filter((page, i) => page === two[i]).length < 3);
  assert.ok(one.filter((page, i) => page === clusters[i].start).length < 3);
  const order = (pages: readonly number[]): string =>
    String([...pages.keys()].sort((a, b) => pages[a] - pages[b]));
  assert.notEqual(order(one), order(clusters.map(({ start }) => start)), 'order is permuted too');
});

test('high halves of the address space keep their high bits', () => {
  const kernel = 0xffff_8880_0000 * 16; // page of 0xffff888000000000
  const permutation = new AddressPermutation([{ start: kernel, end: kernel + 2 }], key('k'));
  assert.equal(Math.floor(permutation.map(kernel) / 2 ** 35), Math.floor(kernel / 2 ** 35));
});
