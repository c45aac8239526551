// Colours of the theme in force, read from the CSS tokens, for canvases. Owns which theme that is.

import type { ThemeChoice, ViewStore } from './state.ts';

export interface Theme {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly font: string;
  /** Resolves a series' colour token. */
  readonly color: (token: string) => string;
}

let inForce: Theme | undefined;

/** The theme in force. Read once and kept: asking for computed styles while building the page is slow. */
export function currentTheme(): Theme {
  inForce ??= readTheme();
  return inForce;
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const tokens = new Map<string, string>();
  const token = (name: string): string => {
    const known = tokens.get(name) ?? style.getPropertyValue(`--iot-${name}`).trim();
    tokens.set(name, known);
    return known;
  };
  return {
    ink: token('ink'),
    muted: token('muted'),
    grid: token('grid'),
    surface: token('surface'),
    font: token('font'),
    color: token,
  };
}

export function resolvedTheme(choice: ThemeChoice): 'light' | 'dark' {
  if (choice !== 'auto') return choice;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Keeps the document's theme in step with the choice, the system and the printer; tells `changed`. */
export function followTheme(store: ViewStore, changed: () => void): void {
  const apply = (): void => {
    const theme = resolvedTheme(store.state.theme);
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    renew();
  };
  const renew = (): void => {
    inForce = undefined;
    changed();
  };
  document.documentElement.dataset.theme = resolvedTheme(store.state.theme);
  store.watch(apply);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  // tokens are light on paper (tokens.css); canvases have to be drawn again for it
  matchMedia('print').addEventListener('change', renew);
}
