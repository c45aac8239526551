// The percentile rule in SQL against the one in TypeScript, through the real engine.

import assert from 'node:assert/strict';
import test from 'node:test';

import { nearestRankSql } from '../../analysis/queries/nearest-rank.ts';
import { IN_MEMORY, openStore } from '../../analysis/store/index.ts';
import { Random, nearestRank } from '../../collector/base/index.ts';

const SHARES = [0.5, 0.9, 0.99, 0.999];
const COUNTS = [0, 1, 9, 10, 49, 50, 499, 500, 700, 4999, 5000];

test('SQL and TypeScript name the same percentile, or both name none', async () => {
  const random = new Random(12);
  const store = await openStore(IN_MEMORY);
  try {
    for (const count of COUNTS) {
      const values = Float64Array.from({ length: count }, () => random.below(1e6)).sort();
      for (const zeros of [0, 3]) {
        const columns = SHARES.map(
          (share, i) => `${nearestRankSql(String(share), 'sorted', String(zeros))} AS p${i}`,
        ).join(', ');
        const sql = `SELECT ${columns} FROM (SELECT {values:Array(Int64)} AS sorted)`;
        const text = `[${values.join(',')}]`;
        const [row] = await store.rows<Record<string, number | null>>({ sql }, { values: text });
        const all = Float64Array.from([...Array.from({ length: zeros }, () => 0), ...values]);
        const wanted = SHARES.map((share) => nearestRank(all, share));
        assert.deepEqual(
          SHARES.map((_, i) => row[`p${i}`]),
          wanted,
          `${count} and ${zeros} zeros`,
        );
      }
    }
  } finally {
    await store.close();
  }
});
