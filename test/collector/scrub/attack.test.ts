// The attack that a scrub is measured against: one known pair of original and scrubbed address, used on every
// other address of the file. What it learns must be what is stated, and nothing more.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';

import { TraceWriter, openTrace } from '../../../collector/format/index.ts';
import { ALL_PAGES, EventBuilder, PRESENT } from '../../../collector/model/index.ts';
import { ClusterFinder } from '../../../collector/scrub/clusters.ts';
import { AddressPermutation } from '../../../collector/scrub/permutation.ts';
import { originalId, scrubTrace } from '../../../collector/scrub/scrub.ts';
import { stretchedSecret } from '../../../collector/scrub/secret.ts';
import { fillKnown, knownHeader, tallyOf } from '../../durability/known-rows.ts';
import { SAMPLE, folderFor, iotlb, json } from '../../support/cli.ts';

const LEVELS = 35;

/** Pages far enough from each other that none touches another. */
function scattered(count: number, seed: number): readonly number[] {
  const pages = new Set<number>();
  let state = seed;
  while (pages.size < count) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pages.add(2 * (state % 2 ** 27) + 2 ** 33);
  }
  return [...pages].sort((a, b) => a - b);
}

const bit = (value: number, level: number): number => Math.floor(value / 2 ** level) % 2;

/** The highest bit in which two pages differ. */
function divergence(a: number, b: number): number {
  let level = LEVELS - 1;
  while (bit(a, level) === bit(b, level)) level--;
  return level;
}

test('one known pair reveals the bits above the block that an address shares with it, and none below', (t) => {
  const pages = scattered(3000, 7);
  const clusters = pages.map((page) => ({ start: page, end: page + 1 }));
  let revealed = 0;
  const guesses = { sameMask: 0, unchanged: 0, of: 0 };
  const KEYS = 12;
  for (let k = 0; k < KEYS; k++) {
    const permutation = new AddressPermutation(clusters, Buffer.alloc(32, k + 1));
    const known = pages[(k * 251) % pages.length];
    const knownImage = permutation.map(known);
    const choices = new Set<string>();
    for (const page of pages) {
      if (page === known) continue;
      const image = permutation.map(page);
      const level = divergence(image, knownImage);
      revealed += LEVELS - level;
      for (let l = level; l < LEVELS; l++) {
        const guess = l === level ? 1 - bit(known, l) : bit(known, l);
        assert.equal(guess, bit(page, l), 'what is stated to be revealed is');
      }
      for (let l = 0; l < level; l++) {
        // One choice for each block: addresses that share it are no further evidence.
        const choice = `${l} ${Math.floor(page / 2 ** (l + 1))}`;
        if (choices.has(choice)) continue;
        choices.add(choice);
        guesses.of++;
        const mask = bit(known, l) ^ bit(knownImage, l);
        if ((bit(image, l) ^ mask) === bit(page, l)) guesses.sameMask++;
        if (bit(image, l) === bit(page, l)) guesses.unchanged++;
      }
    }
  }
  const shares = [guesses.sameMask, guesses.unchanged].map((hits) => hits / guesses.of);
  // Six standard deviations of a fair coin. The mask is the same for a level, so it counts LEVELS times a key.
  for (const share of shares) {
    assert.ok(
      Math.abs(share - 0.5) < 3 / Math.sqrt(guesses.of) + 0.005,
      `${share} of ${guesses.of}`,
    );
  }
  t.diagnostic(
    `revealed: ${(revealed / KEYS / (pages.length - 1)).toFixed(1)} of ${LEVELS} bits of another address; below them guesses are right in ${shares.map((share) => (100 * share).toFixed(2)).join(' and ')} % of ${guesses.of}`,
  );
});

test('what one known pair reveals of a real recording', (t) => {
  const finder = new ClusterFinder();
  using reader = openTrace(SAMPLE);
  for (const batch of reader.batches()) finder.add(batch);
  const clusters = finder.clusters();
  const permutation = new AddressPermutation(clusters, Buffer.alloc(32, 3));
  const starts = clusters.map((cluster) => cluster.start);
  let revealed = 0;
  let pairs = 0;
  for (const known of starts.slice(0, 50)) {
    for (const other of starts) {
      if (other === known) continue;
      const shared = divergence(known, other);
      assert.equal(divergence(permutation.map(known), permutation.map(other)), shared);
      revealed += LEVELS - shared;
      pairs++;
    }
  }
  t.diagnostic(
    `${clusters.length} clusters; one pair reveals ${(revealed / pairs).toFixed(1)} of the ${LEVELS} highest bits of another's page on average`,
  );
  assert.ok(pairs > 100);
});

test('a candidate original is not confirmed by any digest in the scrubbed file', (t) => {
  const folder = folderFor(t);
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n');
  const scrub = (name: string, ...more: readonly string[]): string => {
    const path = join(folder, name);
    const said = iotlb(['scrub', SAMPLE, '-o', path, ...more]);
    assert.equal(said.code, 0, said.err);
    return path;
  };
  const digest = createHash('sha256').update(readFileSync(SAMPLE)).digest('hex');
  const one = scrub('one.arrow', '--passphrase-file', passphrase);
  const again = scrub('again.arrow', '--passphrase-file', passphrase);
  const fresh = scrub('fresh.arrow');
  const parent = (path: string): string => {
    using scrubbed = openTrace(path);
    return scrubbed.header.parent?.digest ?? '';
  };
  for (const path of [one, fresh]) {
    assert.ok(!readFileSync(path).toString('latin1').includes(digest));
    assert.match(parent(path), /^hmac-sha256:[\da-f]{64}$/);
  }
  assert.equal(parent(one), parent(again), 'whoever has the passphrase can compare');
  assert.notEqual(parent(one), parent(fresh));
  assert.deepEqual(readFileSync(one), readFileSync(again));
});

test('parts of one recording share their salt and a new id that needs the secret', (t) => {
  const folder = folderFor(t);
  const part = (number: number): string => {
    const path = join(folder, `part-${number}.arrows`);
    const out = new EventBuilder();
    fillKnown(out, number, 500);
    const parts = { id: 'the id of the original', number, first_seq: 0, begin_ns: 0 };
    const writer = new TraceWriter(path, { ...knownHeader(0), parts });
    writer.append(out, tallyOf(500, 0), []);
    writer.finish(tallyOf(500, 0), []);
    return path;
  };
  const [first, second] = [part(1), part(2)];
  assert.equal(originalId(first), originalId(second));
  const ids = [first, second].map((path) => {
    const secret = stretchedSecret(Buffer.from('correct horse battery'), originalId(path));
    const { header } = scrubTrace(path, `${path}.scrubbed`, { secret, rigid: false });
    assert.ok(!readFileSync(`${path}.scrubbed`).toString('latin1').includes('the id of the'));
    return header.parts?.id;
  });
  assert.match(ids[0] ?? '', /^hmac-sha256:/);
  assert.equal(ids[0], ids[1]);
});

test('--salt-from makes two recordings comparable; without it they are not', (t) => {
  const folder = folderFor(t);
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple');
  const other = join(folder, 'other.arrow');
  assert.equal(iotlb(['merge', SAMPLE, '-o', other]).code, 0);
  const secret = ['--passphrase-file', passphrase];
  const pagesOf = (from: string, name: string, more: readonly string[]): readonly number[] => {
    const path = join(folder, name);
    const said = iotlb(['scrub', '--json', from, '-o', path, ...secret, ...more]);
    assert.equal(said.code, 0, said.err);
    assert.equal(json<{ secret: string }>(said).secret, 'from a passphrase');
    using reader = openTrace(path);
    const pages: number[] = [];
    for (const { count, page, pages: sizes, present } of reader.batches()) {
      for (let i = 0; i < count; i++) {
        if ((present[i] & PRESENT.range) !== 0 && sizes[i] < ALL_PAGES) pages.push(page[i]);
      }
    }
    return pages;
  };
  const base = pagesOf(SAMPLE, 'a.arrow', []);
  assert.ok(base.length > 1000);
  assert.deepEqual(pagesOf(other, 'b.arrow', ['--salt-from', SAMPLE]), base);
  assert.notDeepEqual(pagesOf(other, 'c.arrow', []), base);
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['--salt-from', SAMPLE], /--salt-from needs --passphrase-file/],
    [[...secret, '--salt-from', join(folder, 'a.arrow')], /is scrubbed; a salt belongs/],
  ];
  for (const [flags, message] of refusals) {
    const said = iotlb(['scrub', other, '-o', join(folder, 'd.arrow'), ...flags]);
    assert.equal(said.code, 2);
    assert.match(said.err, message);
  }
  writeFileSync(passphrase, 'short');
  const said = iotlb(['scrub', other, '-o', join(folder, 'd.arrow'), ...secret]);
  assert.equal(said.code, 2);
  assert.match(said.err, /a passphrase of 5 bytes can be guessed/);
});
