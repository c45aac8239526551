// What a reader chose: theme, hidden series, zoom. Lives in the URL fragment, so that a link shows the
// same view; everything else on the page is derived. Knows no chart.

export type ThemeChoice = 'auto' | 'light' | 'dark';
export type Range = readonly [number, number];

export interface ViewState {
  readonly theme: ThemeChoice;
  /** Keys of hidden series. */
  readonly hidden: ReadonlySet<string>;
  /** Zoomed x range by group of charts. */
  readonly zoom: ReadonlyMap<string, Range>;
}

export function parseFragment(fragment: string): ViewState {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const zoom = new Map<string, Range>();
  for (const text of fields.getAll('zoom')) {
    const match = /^(.+):([^:]+):([^:]+)$/.exec(text);
    if (match === null) continue;
    const low = Number(match[2]);
    const high = Number(match[3]);
    if (Number.isFinite(low) && Number.isFinite(high) && low < high)
      zoom.set(match[1], [low, high]);
  }
  const theme = fields.get('theme');
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    hidden: new Set(fields.getAll('hide')),
    zoom,
  };
}

export function fragmentOf(state: ViewState): string {
  const fields = new URLSearchParams();
  if (state.theme !== 'auto') fields.set('theme', state.theme);
  for (const key of state.hidden) fields.append('hide', key);
  for (const [group, [low, high]] of state.zoom) {
    fields.append('zoom', `${group}:${short(low)}:${short(high)}`);
  }
  return fields.toString();
}

function short(value: number): number {
  return Number(value.toPrecision(9));
}

/** The state in force, its changes, and whoever wants to know. */
export class ViewStore {
  #state: ViewState;
  readonly #listeners: ((state: ViewState) => void)[] = [];

  constructor() {
    this.#state = parseFragment(location.hash);
    addEventListener('hashchange', () => this.#set(parseFragment(location.hash)));
  }

  get state(): ViewState {
    return this.#state;
  }

  /** Calls back at every change from now on. */
  watch(listener: (state: ViewState) => void): void {
    this.#listeners.push(listener);
  }

  setTheme(theme: ThemeChoice): void {
    this.#change({ ...this.#state, theme });
  }

  toggleHidden(key: string): void {
    const hidden = new Set(this.#state.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    this.#change({ ...this.#state, hidden });
  }

  setZoom(group: string, range: Range | undefined): void {
    const zoom = new Map(this.#state.zoom);
    if (range === undefined) zoom.delete(group);
    else zoom.set(group, range);
    this.#change({ ...this.#state, zoom });
  }

  #change(state: ViewState): void {
    const fragment = fragmentOf(state);
    // replaceState: a zoom is not a step back in the browser's history, and fires no hashchange
    history.replaceState(
      null,
      '',
      fragment === '' ? location.pathname + location.search : `#${fragment}`,
    );
    this.#set(state);
  }

  #set(state: ViewState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
