// Makes no system call: the loop runs against a function that says yes, and the encoded calls are kept.
// For tests of everything around the call, and to see what the machinery itself costs.

import { hwptCalls } from './hwpt-calls.ts';
import type { CallProgram, Issuer, IssuerSession } from './issuer.ts';

const TARGETS = [1] as const;

export interface RecordingSession extends IssuerSession {
  /** What was prepared, stream by stream. */
  readonly programs: readonly CallProgram[];
}

function openRecording(): RecordingSession {
  const programs: CallProgram[] = [];
  return {
    programs,
    provenance: 'recording',
    description: 'recording: no system call was made',
    makesSystemCalls: false,
    prepare(steps, dialect) {
      const program = hwptCalls(-1, steps, dialect, 0, () => TARGETS);
      programs.push(program);
      return program;
    },
    completed: (_dialect, _errno, _reported, asked) => asked,
    close: () => undefined,
  };
}

export const recordingIssuer: Issuer & { open(): RecordingSession } = {
  name: 'recording',
  summary: 'no system call at all: what the machinery around it costs',
  provenances: ['recording'],
  dialects: ['hwpt-vtd-s1'],
  missing: () => undefined,
  open: openRecording,
};
