// `adjacent+window:us=50`: the text of a chain of strategies -> what to open per stream. Knows how a
// chain is written; what a value means is the parameter's business (parameters.ts).

import { ToolError, type Registry } from '../../collector/base/index.ts';
import { barrier } from './barrier.ts';
import { holds, type Grouping } from './grouping.ts';
import { strategies } from './index.ts';
import { readValues } from './parameters.ts';
import { presets } from './presets.ts';
import type { ParameterValues, Stage, Strategy } from './strategy.ts';

interface Link {
  readonly strategy: Strategy;
  readonly values: ParameterValues;
}

export interface StrategyChain {
  /** As the user wrote it. */
  readonly text: string;
  readonly reorders: boolean;
  readonly widens: boolean;
  readonly defers: boolean;
  /** It groups by the guest's waits, so it cannot be planned where they are unknown. */
  readonly needsWaits: boolean;
  /** Set where the steps are cut while running. */
  readonly online: { readonly maxEntries: number } | undefined;
  /** Every parameter with the value in force, ns for times. */
  readonly parameters: Readonly<Record<string, ParameterValues>>;
  /** How the chain forms calls in the closed loop: by the link that holds, else as its first link does. */
  readonly grouping: Grouping;
  /**
   * The links that work inside a group, first to last: what the closed loop opens for each call. One that
   * both holds and widens (`flush-queue`) does the second here.
   */
  readonly joining: readonly ChainStage[];
  /** First to last. */
  readonly stages: readonly ChainStage[];
}

/** One stage of a chain, to be opened once a stream. */
export interface ChainStage {
  /** Two stages with the same key, given the same steps, make the same steps. */
  readonly key: string;
  open(): Stage;
}

/** One strategy as written: `name`, `name:key=value,…`, or a path to a module in place of the name. */
export interface Part {
  readonly name: string;
  readonly settings: string;
}

const PATH = /^(?<name>.*?\.[cm]?js)(?::(?<settings>.*))?$/;

/** `a:k=v+b` in its parts, presets replaced by what they stand for. */
export function splitChain(text: string): readonly Part[] {
  return text.split('+').flatMap((piece) => {
    const part = splitPart(piece.trim());
    if (part.name === '') {
      throw new ToolError('E_USAGE', `strategy '${text}': a name is missing`, {
        hint: 'write NAME, NAME:key=value or NAME+NAME, such as adjacent+window:us=50',
      });
    }
    const preset = presets.find(part.name);
    if (preset === undefined) return part;
    if (part.settings !== '') {
      throw new ToolError('E_USAGE', `preset '${preset.name}' takes no parameters`, {
        hint: `it stands for '${preset.chain}': write that, with other values`,
      });
    }
    return splitChain(preset.chain);
  });
}

/** True where the name of a part is a path to a module: it has a slash or ends like one. */
export function isPath(name: string): boolean {
  return name.includes('/') || PATH.test(name);
}

function splitPart(text: string): Part {
  const path = PATH.exec(text)?.groups;
  if (path !== undefined) return { name: path.name, settings: path.settings ?? '' };
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text, settings: '' };
  return { name: text.slice(0, colon), settings: text.slice(colon + 1) };
}

/** Parses `name[:key=value,…][+name…]`. Throws ToolError that names the known ones. */
export function parseChain(text: string, known: Registry<Strategy> = strategies): StrategyChain {
  const links = splitChain(text).map((part) => openLink(part, known));
  const last = links[links.length - 1];
  const early = links.slice(0, -1).find((link) => link.strategy.online !== undefined);
  if (early !== undefined) {
    throw new ToolError(
      'E_USAGE',
      `strategy '${text}': ${early.strategy.name} cuts steps while running, so it must come last`,
    );
  }
  const late = links.slice(1).find((link) => link.strategy.comesFirst === true);
  if (late !== undefined) {
    throw new ToolError(
      'E_USAGE',
      `strategy '${text}': ${late.strategy.name} reads the doorbells of the requests, so it must come first`,
    );
  }
  const stands = links[0].strategy.standsOn === 'barrier';
  const some = (claim: (strategy: Strategy) => boolean): boolean =>
    links.some((link) => claim(link.strategy));
  return {
    text,
    reorders: some((strategy) => strategy.reorders),
    widens: some((strategy) => strategy.widens),
    defers: some((strategy) => strategy.defers),
    needsWaits: some((strategy) => strategy.ignoresWaits !== true),
    online: last.strategy.online?.(last.values),
    parameters: parametersOf(links),
    grouping: groupingOf(links),
    joining: links
      .filter(({ strategy }) => strategy.grouping === undefined || strategy.widens)
      .map(stageOf),
    stages: [
      ...(stands ? [stageOf({ strategy: barrier, values: readValues(barrier, '') })] : []),
      ...links.map(stageOf),
    ],
  };
}

/** A window before `drain` hands over what it closes; of other links that hold, the last one decides. */
function groupingOf(links: readonly Link[]): Grouping {
  const declared = links.flatMap(({ strategy, values }) => strategy.grouping?.(values) ?? []);
  const holding = declared.filter(holds);
  const last = holding.at(-1);
  const before = holding.at(-2);
  if (last?.kind === 'drain' && before?.kind === 'window') return { ...before, thenDrain: true };
  if (last !== undefined) return last;
  if (declared.length > 0 && links[0].strategy.grouping !== undefined) return declared[0];
  return links[0].strategy.standsOn === 'barrier'
    ? { kind: 'interval', maxCommands: readValues(barrier, '').max }
    : { kind: 'request', thread: 'waiter' };
}

function stageOf({ strategy, values }: Link): ChainStage {
  return {
    key: `${strategy.name} ${JSON.stringify(values)}`,
    open: () => strategy.open(values),
  };
}

function openLink(part: Part, known: Registry<Strategy>): Link {
  const strategy = known.find(part.name);
  if (strategy === undefined) throw unknownStrategy(part.name, known);
  return { strategy, values: readValues(strategy, part.settings) };
}

function unknownStrategy(name: string, known: Registry<Strategy>): ToolError {
  if (isPath(name)) {
    return new ToolError('E_USAGE', `strategy '${name}': modules are not loaded here`);
  }
  return new ToolError('E_UNKNOWN_NAME', `unknown strategy '${name}'`, {
    hint: `known: ${[...known.names.filter((one) => !isPath(one)), ...presets.names].join(' ')}; or a path such as ./mine.js`,
  });
}

/** By strategy; a strategy that comes again is counted on: `window`, `window#2`. */
function parametersOf(links: readonly Link[]): Readonly<Record<string, ParameterValues>> {
  const out: Record<string, ParameterValues> = {};
  for (const { strategy, values } of links) {
    let name = strategy.name;
    for (let n = 2; name in out; n++) name = `${strategy.name}#${n}`;
    out[name] = values;
  }
  return out;
}
