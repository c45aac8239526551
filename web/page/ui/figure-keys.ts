// Which key does what on a chart.

import type { CursorStep } from '../charts/chart.ts';

type KeyAction =
  | { readonly kind: 'step'; readonly step: CursorStep }
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'reset' };

const STEPS: Readonly<Record<string, CursorStep>> = {
  ArrowRight: 'next',
  ArrowLeft: 'previous',
  PageDown: 'page-next',
  PageUp: 'page-previous',
  Home: 'first',
  End: 'last',
};

export function keyAction(event: KeyboardEvent): KeyAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const { key } = event;
  if (key in STEPS) return { kind: 'step', step: STEPS[key] };
  if (key === '+' || key === '=') return { kind: 'zoom', factor: 0.5 };
  if (key === '-') return { kind: 'zoom', factor: 2 };
  if (key === 'Escape' || key === '0') return { kind: 'reset' };
  return undefined;
}
