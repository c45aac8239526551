// One polite live region for the page: what the keyboard's cursor stands on, and what a button did.

import { el } from '../dom.ts';

export interface Live {
  readonly element: HTMLElement;
  readonly say: (text: string) => void;
}

export function liveRegion(): Live {
  const element = el('div', { class: 'iot-spoken', 'aria-live': 'polite', role: 'status' });
  return {
    element,
    say: (text) => {
      element.textContent = text;
    },
  };
}
