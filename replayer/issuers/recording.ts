// Makes no system call: the loop runs against a function that says yes, and the encoded calls are kept.
// For tests of everything around the call, and to see what the machinery itself costs.

import { anyCalls, anyDialect } from '../calls/any-calls.ts';
import type { CallProgram } from '../calls/call-program.ts';
import type { Issuer, IssuerSession } from './issuer.ts';

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
      const program = anyCalls(-1, steps, dialect);
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
  dialects: anyDialect,
  missing: () => undefined,
  open: openRecording,
};
