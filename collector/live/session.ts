// One run of `iotlb record`: attaches, writes what comes until something ends it, puts everything back,
// seals. The order matters: the guest is let go before the file is sealed.

import { hostname } from 'node:os';

import { ToolError } from '../base/index.ts';
import { makeHeader, type TraceHeader } from '../model/index.ts';
import { headerFacts } from '../sources/source.ts';
import type { LiveFacts, LiveOptions, LiveSource, Listening } from './live-source.ts';
import { Merger } from './merger.ts';
import { FlightRecorder, type HoldOptions } from './flight-recorder.ts';
import { MarkPipe, wallNs, type Mark } from './marks.ts';
import { Recorder, type RecorderOptions, type RowSink } from './recorder.ts';

const STEP_MS = 250;

export interface SessionOptions {
  readonly source: LiveSource;
  readonly live: LiveOptions;
  readonly recorder: Omit<RecorderOptions, 'header' | 'now'>;
  /** Hold the last stretch in memory, and write it when asked; undefined: write everything. */
  readonly hold: HoldOptions | undefined;
  readonly durationNs: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly commandLine: string;
  /** The user has enough. */
  readonly signal: AbortSignal;
  readonly onStep: (recorder: RowSink, merger: Merger) => void;
}

export interface SessionEnd {
  readonly recorder: RowSink;
  readonly merger: Merger;
  /** Why it ended. */
  readonly reason: 'signal' | 'duration' | 'size' | 'end of input';
}

/** Records until something ends it. Throws ToolError; what was recorded by then is kept. */
export async function recordSession(options: SessionOptions): Promise<SessionEnd> {
  const merger = new Merger();
  const stop = new AbortController();
  let reason: SessionEnd['reason'] = 'end of input';
  const end = (why: SessionEnd['reason']): void => {
    if (!stop.signal.aborted) reason = why;
    stop.abort();
  };
  const onSignal = (): void => end('signal');
  if (options.signal.aborted) onSignal();
  options.signal.addEventListener('abort', onSignal);
  const listening = await options.source.attach(options.live, merger);
  const rules: RecorderOptions = {
    ...options.recorder,
    now: () => performance.now() * 1e6,
    header: () => header(options, merger, listening.facts()),
  };
  const { hold } = options;
  const recorder =
    hold === undefined ? new Recorder(merger, rules) : new FlightRecorder(merger, rules, hold);
  using asked = watchAsking(recorder);
  void asked;
  const pipe = MarkPipe.open();
  const startNs = performance.now() * 1e6;
  const step = (): void => {
    for (const mark of pipe?.take() ?? []) putMark(mark, merger, listening.facts());
    recorder.step();
    options.onStep(recorder, merger);
    if (options.durationNs !== undefined && performance.now() * 1e6 - startNs >= options.durationNs)
      end('duration');
    if (options.sizeBytes !== undefined && recorder.doneBytes + recorder.bytes >= options.sizeBytes)
      end('size');
  };
  try {
    await listen(listening, stop, step);
  } catch (error) {
    await keepWhatThereIs(recorder, merger);
    throw error;
  } finally {
    options.signal.removeEventListener('abort', onSignal);
    pipe?.close();
  }
  await recorder.finish();
  return { recorder, merger, reason };
}

/** Runs the listening with a step at least every STEP_MS, and detaches whatever happens. */
async function listen(
  listening: Listening,
  stop: AbortController,
  step: () => void,
): Promise<void> {
  let failure: unknown;
  const timer = setInterval(() => {
    try {
      step();
    } catch (error) {
      failure ??= error; // a full disk: stop, put everything back, then tell
      stop.abort();
    }
  }, STEP_MS);
  try {
    await listening.run(stop.signal, step);
  } finally {
    clearInterval(timer);
    await listening.detach();
  }
  if (failure !== undefined) throw failure;
}

/** After a failure the file is ended in good order where that is still possible. */
async function keepWhatThereIs(recorder: RowSink, merger: Merger): Promise<void> {
  if (merger.out.count === 0 && recorder.bytes === 0) {
    recorder.abandon();
    return;
  }
  try {
    await recorder.finish();
  } catch {
    recorder.abandon(); // the first error is the one to tell; the stream stays readable
  }
}

function header(options: SessionOptions, merger: Merger, live: LiveFacts): TraceHeader {
  const facts = merger.facts();
  if (facts === undefined) throw new ToolError('E_NO_DEVICE', 'the source has nothing open');
  const known = headerFacts(facts);
  return makeHeader({
    ...known,
    source: {
      name: options.source.name,
      ...(facts.version === undefined ? {} : { version: facts.version }),
      detail: [live.detail, facts.detail].filter((part) => part !== undefined).join(', '),
    },
    clock: {
      ...facts.clock,
      ...(live.clock === undefined ? {} : { name: live.clock }),
      ...(live.pairs === undefined ? {} : { pairs: live.pairs }),
    },
    hosts: [{ machine: hostname() }],
    kernel: live.kernel ?? known.kernel,
    guest: live.guest ?? known.guest,
    command_line: options.commandLine,
    recorded_at: new Date().toISOString(),
  });
}

/** SIGHUP and SIGUSR1: a new file, or what is held written. */
function watchAsking(recorder: RowSink): Disposable {
  const ask = (): void => recorder.ask();
  process.on('SIGHUP', ask);
  process.on('SIGUSR1', ask);
  return {
    [Symbol.dispose]() {
      process.off('SIGHUP', ask);
      process.off('SIGUSR1', ask);
    },
  };
}

/** A mark says its moment on the wall clock; the recording may have another. */
function putMark({ text, atNs }: Mark, merger: Merger, live: LiveFacts): void {
  const clock = live.clock ?? merger.facts()?.clock.name;
  const pair = live.pairs?.find(({ other }) => other === 'realtime');
  const isWall = clock === 'realtime' || clock === 'arrival';
  if (pair !== undefined && !isWall) {
    merger.mark(text, BigInt(pair.at) + atNs - BigInt(pair.other_at));
  } else {
    merger.mark(text, isWall ? atNs : process.hrtime.bigint() - (wallNs() - atNs));
  }
}
