// `adjacent+window:us=50`: the text of a chain of strategies -> what to open per stream.

import {
  ToolError,
  parseCount,
  parseDurationNs,
  type Registry,
} from '../../collector/base/index.ts';
import { barrier } from './barrier.ts';
import { strategies } from './index.ts';
import type { Parameter, ParameterValues, Stage, Strategy } from './strategy.ts';

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
  /** Set where the steps are cut while running. */
  readonly online: { readonly maxEntries: number } | undefined;
  /** Every parameter with the value in force, ns for times. */
  readonly parameters: Readonly<Record<string, ParameterValues>>;
  /** Fresh stages for one stream, first to last. */
  openStages(): readonly Stage[];
}

/** Parses `name[:key=value,…][+name…]`. Throws ToolError that names the known ones. */
export function parseChain(text: string, known: Registry<Strategy> = strategies): StrategyChain {
  const links = text.split('+').map((part) => parseLink(part.trim(), known));
  const last = links[links.length - 1];
  const early = links.slice(0, -1).find((link) => link.strategy.online !== undefined);
  if (early !== undefined) {
    throw new ToolError(
      'E_USAGE',
      `strategy '${text}': ${early.strategy.name} cuts steps while running, so it must come last`,
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
    online: last.strategy.online?.(last.values),
    parameters: Object.fromEntries(links.map((link) => [link.strategy.name, link.values])),
    openStages: () => [
      ...(stands ? [barrier.open({})] : []),
      ...links.map((link) => link.strategy.open(link.values)),
    ],
  };
}

function parseLink(text: string, known: Registry<Strategy>): Link {
  const colon = text.indexOf(':');
  const strategy = known.get(colon < 0 ? text : text.slice(0, colon));
  const given = new Map<string, string>();
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(',')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!strategy.parameters.some((parameter) => parameter.name === name)) {
      throw new ToolError('E_USAGE', `strategy ${strategy.name} has no parameter '${name}'`, {
        hint: describeParameters(strategy),
      });
    }
    given.set(name, equals < 0 ? '' : pair.slice(equals + 1));
  }
  const values = Object.fromEntries(
    strategy.parameters.map((parameter) => [
      parameter.name,
      parseValue(strategy, parameter, given.get(parameter.name) ?? parameter.default),
    ]),
  );
  return { strategy, values };
}

function parseValue(strategy: Strategy, parameter: Parameter, text: string): number {
  const what = `${strategy.name}:${parameter.name}`;
  const value = readValue(parameter, text, what);
  if (!(value > 0)) throw new ToolError('E_USAGE', `${what}: '${text}' must be above 0`);
  return value;
}

function readValue(parameter: Parameter, text: string, what: string): number {
  switch (parameter.kind) {
    case 'count':
      return parseCount(text, what);
    case 'microseconds':
      return parseDurationNs(text, what, 'us');
    case 'duration':
      return parseDurationNs(text, what);
  }
}

function describeParameters(strategy: Strategy): string {
  if (strategy.parameters.length === 0) return `${strategy.name} takes none`;
  return strategy.parameters
    .map((parameter) => `${parameter.name}=${parameter.default} (${parameter.help})`)
    .join(', ');
}
