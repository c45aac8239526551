import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kneeOf, spreadOf } from '../../../replayer/loop/contention.ts';
import { iotlb } from '../../support/cli.ts';

const point = (streams: number, ...service: number[]) => ({ streams, service: spreadOf(service) });

test('the knee is where every round takes over one and a half times as long as any round alone', () => {
  const alone = point(1, 100, 110, 105);
  assert.equal(kneeOf([alone, point(2, 100, 160, 170), point(4, 300, 280, 290)]), 4);
  assert.equal(kneeOf([alone, point(2, 120, 160, 150)]), undefined);
});

test('the middle of the rounds and their extremes', () => {
  assert.deepEqual(spreadOf([5, 1, 9, 3, 7]), { low: 1, median: 5, high: 9 });
});

test('bench-host measures every point in every round, and says what it ran on', () => {
  const said = iotlb([
    ...['bench-host', '--streams', '1,3', '--rounds', '2', '--seconds', '1', '--json'],
    ...['--hwpts', 'each', '-i', 'recording'],
  ]);
  assert.equal(said.code, 0, said.err);
  const document = JSON.parse(said.out) as {
    readonly ran_on: string;
    readonly points: readonly {
      readonly streams: number;
      readonly rounds: readonly { readonly calls: number }[];
    }[];
  };
  assert.match(document.ran_on, /no system call/);
  assert.deepEqual(
    document.points.map(({ streams, rounds }) => [streams, rounds.length]),
    [
      [1, 2],
      [3, 2],
    ],
  );
  assert.ok(document.points.every(({ rounds }) => rounds.every(({ calls }) => calls > 0)));
  assert.equal(iotlb(['bench-host', '--streams', '0']).code, 2);
});
