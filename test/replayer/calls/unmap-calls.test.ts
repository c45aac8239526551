// Map and unmap of ranges: where they are put, what becomes of those that cannot be mapped, and the calls.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { MOST_MAPPED_PAGES } from '../../../replayer/dialects/unmap.ts';
import { KIND } from '../../../collector/model/index.ts';
import { unmap } from '../../../replayer/dialects/unmap.ts';
import { IovaPlacer, windowAt } from '../../../replayer/calls/iova-windows.ts';
import { MappedMemory, UnmapCounts, unmapCalls } from '../../../replayer/calls/unmap-calls.ts';
import { ioasShape, type1Shape } from '../../../replayer/calls/unmap-shapes.ts';
import { NO_WORD } from '../../../replayer/calls/call-program.ts';
import { stepsOf } from '../dialects/entries.ts';

/** As on a PC: all 48 bits but the interrupt window. */
const PC = [
  { first: 0, end: 0xfee00 },
  { first: 0xfef00, end: 2 ** 36 },
];

const inside = (page: number, pages: number): boolean =>
  PC.some((window) => page >= window.first && page + pages <= window.end);

const aRange = fc.record({
  page: fc.integer({ min: 0, max: 2 ** 51 }),
  pages: fc.integer({ min: 1, max: MOST_MAPPED_PAGES }),
});

test('every range is put where the host allows it, and stays where it is if that is allowed', () => {
  fc.assert(
    fc.property(fc.array(aRange, { maxLength: 50 }), (ranges) => {
      const placer = new IovaPlacer(PC);
      const placed = placer.place(ranges);
      let moved = 0;
      placed.forEach((page, i) => {
        assert.ok(inside(page, ranges[i].pages));
        if (inside(ranges[i].page, ranges[i].pages)) assert.equal(page, ranges[i].page);
        else moved++;
      });
      assert.equal(placer.moved, moved);
    }),
  );
});

test('streams that would map the same addresses are kept apart', () => {
  const near = fc.record({
    page: fc.integer({ min: 0xff000, max: 0xfffff }),
    pages: fc.integer({ min: 1, max: MOST_MAPPED_PAGES }),
  });
  const stream = fc.array(near, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(stream, { minLength: 2, maxLength: 5 }), (streams) => {
      const placer = new IovaPlacer(PC);
      const owner = new Map<number, number>();
      streams.forEach((ranges, s) => {
        placer.place(ranges).forEach((page, i) => {
          assert.ok(inside(page, ranges[i].pages));
          for (let p = page; p < page + ranges[i].pages; p++) {
            assert.equal(owner.get(p) ?? s, s);
            owner.set(p, s);
          }
        });
      });
    }),
    { numRuns: 50 },
  );
});

test('windows come from bytes, whole pages only, up to the very end of the address space', () => {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, 0x800n, true);
  view.setBigUint64(8, 0xffff_ffff_ffff_ffffn, true);
  assert.deepEqual(windowAt(view, 0), { first: 1, end: 2 ** 52 });
  view.setBigUint64(8, 0x2ffen, true);
  assert.deepEqual(windowAt(view, 0), { first: 1, end: 2 });
});

test('each range is one map and one unmap of the same addresses, and only the unmap counts', () => {
  const steps = stepsOf(
    [
      { page: 0x100, pages: 3 },
      { kind: KIND.unmap, page: 0x200, pages: 1 },
      { page: 0x300, pages: MOST_MAPPED_PAGES + 1 },
      { domain: 1 },
    ],
    2,
  );
  for (const shape of [ioasShape(7), type1Shape]) {
    const counts = new UnmapCounts();
    const placer = new IovaPlacer(PC);
    const memory = new MappedMemory();
    const program = unmapCalls(5, steps, unmap, { shape, memory, placer, counts });
    const { view, address } = program.memory;
    const [unmapIova, unmapBytes] = [8, 16];
    const [mapIova, mapBytes, mapMemory] = shape === type1Shape ? [16, 24, 8] : [32, 24, 16];
    const pages = [3, 1, MOST_MAPPED_PAGES, 1];
    assert.deepEqual([...program.stepCallEnd], [4, 8]);
    assert.deepEqual([...program.entries], [0, 1, 0, 1, 0, 1, 0, 1]);
    assert.ok(program.doneWord.every((word) => word === NO_WORD));
    pages.forEach((length, i) => {
      const map = program.argument[2 * i] - address;
      const un = program.argument[2 * i + 1] - address;
      assert.equal(program.request[2 * i], shape.mapRequest);
      assert.equal(program.request[2 * i + 1], shape.unmapRequest);
      assert.equal(view.getUint32(map, true), shape.mapBytes);
      assert.equal(view.getUint32(un, true), shape.unmapBytes);
      assert.equal(view.getBigUint64(map + mapBytes, true), BigInt(length * 4096));
      assert.equal(view.getBigUint64(un + unmapBytes, true), BigInt(length * 4096));
      assert.equal(view.getBigUint64(map + mapIova, true), view.getBigUint64(un + unmapIova, true));
      assert.equal(view.getBigUint64(map + mapMemory, true) % 4096n, 0n);
    });
    assert.equal(
      counts.text(placer),
      '4 ranges: 1 cut to their first 1024 pages, 1 of a whole domain, one page standing for it',
    );
  }
});
