import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Struct } from '../../../replayer/loop/block.ts';
import { layoutHeader } from '../../../replayer/loop/layout-header.ts';
import { LAYOUT, STRUCTS, type StructName } from '../../../replayer/loop/layout.ts';

test('the C header is what the table says, byte for byte', () => {
  const header = readFileSync('replayer/loop/native/layout.h', 'utf8');
  assert.equal(header, layoutHeader(), 'run npm run build:native');
});

test('fields lie side by side, little-endian, each value in its own bytes', () => {
  for (const name of Object.keys(STRUCTS) as StructName[]) {
    const shared = new SharedArrayBuffer(LAYOUT[name].bytes + 8);
    const struct = new Struct(shared, name, 8);
    const fields = STRUCTS[name];
    fields.forEach(({ name: field }, i) => struct.set(field, i + 1));
    fields.forEach(({ name: field }, i) => assert.equal(struct.get(field), i + 1));
    const places = [...LAYOUT[name].fields.values()];
    places.forEach(({ at, type }, i) => {
      if (type === 'f64') return;
      assert.equal(new Uint8Array(shared)[8 + at], i + 1);
    });
  }
});

test('a field that is not there is our bug, and said', () => {
  const struct = new Struct(new SharedArrayBuffer(LAYOUT.lane.bytes), 'lane', 0);
  assert.throws(() => struct.get('nothing'), /lane has no field nothing/);
});
