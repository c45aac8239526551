// The classes of a verdict, worst last (design 5). The one list of them: results, reports and the page read it.

export const VERDICT_CLASSES = [
  'strict',
  'deferred',
  'narrowed',
  'corrupting',
  'unknown', // the recording does not show the waits: nothing but broken can be told
  'broken',
] as const;
export type VerdictClass = (typeof VERDICT_CLASSES)[number];
