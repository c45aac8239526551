// Top and bottom of the page: whose report this is, when, and the theme.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import type { ThemeChoice, ViewStore } from '../state.ts';

const THEMES: readonly { readonly choice: ThemeChoice; readonly label: string }[] = [
  { choice: 'auto', label: 'Auto' },
  { choice: 'light', label: 'Light' },
  { choice: 'dark', label: 'Dark' },
];

export function masthead(report: ReportJson, store: ViewStore): HTMLElement {
  return el(
    'header',
    { class: 'iot-masthead' },
    el(
      'div',
      {},
      el('h1', {}, report.title),
      el('p', { class: 'iot-lead' }, `${report.recording.name} · ${report.generated_at}`),
    ),
    themeSwitch(store),
  );
}

function themeSwitch(store: ViewStore): HTMLElement {
  const buttons = THEMES.map(({ choice, label }) => {
    const button = el('button', { type: 'button' }, label);
    button.addEventListener('click', () => store.setTheme(choice));
    return { choice, button };
  });
  const mark = (): void => {
    for (const { choice, button } of buttons) {
      button.setAttribute('aria-pressed', String(store.state.theme === choice));
    }
  };
  store.watch(mark);
  mark();
  return el(
    'div',
    { class: 'iot-switch', role: 'group', 'aria-label': 'Theme' },
    ...buttons.map(({ button }) => button),
  );
}

export function footer(report: ReportJson): HTMLElement {
  return el(
    'footer',
    { class: 'iot-footer' },
    el(
      'p',
      {},
      `Written by ${report.writer}. Charts by uPlot (MIT licence, in this file's source).`,
    ),
    el(
      'p',
      {},
      'Charts: drag to zoom, double-click to reset. By keyboard: arrows, Page Up and Down, Home and End move the cursor; + and − zoom; Escape resets.',
    ),
  );
}
