import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ResultHeader } from '../../replayer/result/header.ts';
import { SAMPLE, folderFor, iotlb, json } from '../support/cli.ts';

type Document = ResultHeader['plan'] &
  ResultHeader['summary'] &
  Pick<ResultHeader, 'timing'> & { readonly issued_steps: number };

const replay = (...args: readonly string[]) => iotlb(['replay', SAMPLE, '--json', ...args]);

test('replay issues every step of every pass, and its verdict on itself is in the document', () => {
  const one = json<Document>(replay('--asap', '--limit', '300'));
  assert.equal(one.issued_steps, one.steps);
  const three = json<Document>(replay('--asap', '--limit', '300', '--loop', '3'));
  assert.equal(three.issued_steps, 3 * one.steps);
  assert.equal(three.timing?.pacing.loop, 3);
  assert.equal(three.timing?.pacing.limit, 300);
  assert.equal(three.timing?.fidelity.class, 'no-schedule');
  assert.equal(three.timing?.threads.length, 1);
});

test('every pacing carries out its whole plan', () => {
  const pacings = [
    ['--speed', '10x', '--max-gap', '1ms'],
    ['--open-loop', '--speed', '10x', '--max-gap', '1ms'],
    ['--rate', '100k/s'],
    ['--open-loop', '--max-gap', '100us', '-s', 'drain:max=8'],
    ['--max-gap', '100us', '-s', 'drain:max=8', '--loop', '2', '--stream-waiters', '2'],
    ['--max-gap', '100us', '-s', 'window:us=20', '--serial', 'cpu'],
    ['--max-gap', '100us', '-s', 'adjacent', '--loop', '2', '--waiter', '0'],
    ['--open-loop', '--max-gap', '100us', '-s', 'adjacent'],
  ];
  for (const pacing of pacings) {
    const document = json<Document>(replay('--limit', '200', ...pacing));
    const passes = document.timing?.pacing.loop ?? 1;
    assert.equal(document.issued_entries, passes * document.entries);
    assert.ok((document.timing?.fidelity.text ?? '') !== '');
  }
});

test('joining ranges between several waiters of a stream is refused in the closed loop, with a way out', () => {
  const said = replay('--limit', '200', '--max-gap', '100us', '-s', 'adjacent');
  assert.equal(said.code, 3);
  assert.match(
    said.err,
    /joins ranges in calls that are only known while running.*Nothing was issued/,
  );
  assert.match(said.err, /--open-loop/);
});

test('a broken limit ends with 5 and the samples are written all the same', (t) => {
  const out = `${folderFor(t)}/result.arrow`;
  const said = replay('--limit', '50', '--asap', '--max-lateness', '1ns', '-o', out);
  assert.equal(said.code, 5);
  assert.match(said.err, /lateness .* is over 1 ns\. What was measured is kept/);
  assert.equal(json<Document>(said).issued_steps > 0, true);
  assert.equal(iotlb(['replay', SAMPLE, '--asap', '-o', out]).code, 2);
});

test('a part without requests, a CPU that does not exist and conflicting pacings are refused', () => {
  const past = replay('--begin', '10h');
  assert.equal(past.code, 4);
  assert.match(past.err, /in the part asked for/);
  const cpu = replay('--cpus', '1000', '--limit', '5');
  assert.equal(cpu.code, 3);
  assert.match(cpu.err, /cannot run on CPU 1000: EINVAL\. Nothing was issued/);
  assert.equal(replay('--asap', '--rate', '5').code, 2);
});
