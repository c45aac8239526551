// `us=50,max=64` -> a strategy's parameter values: units, defaults, and errors that say what there is.

import { ToolError, parseCount, parseDurationNs } from '../../collector/base/index.ts';
import type { Parameter, ParameterValues, Strategy } from './strategy.ts';

/** The values in force for `settings` as a user wrote them; empty means all defaults. */
export function readValues(strategy: Strategy, settings: string): ParameterValues {
  const given = new Map<string, string>();
  for (const pair of settings === '' ? [] : settings.split(',')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!strategy.parameters.some((parameter) => parameter.name === name)) {
      throw new ToolError('E_USAGE', `strategy ${strategy.name} has no parameter '${name}'`, {
        hint: describeParameters(strategy),
      });
    }
    if (given.has(name)) {
      throw new ToolError('E_USAGE', `strategy ${strategy.name}: '${name}' is given twice`);
    }
    given.set(name, equals < 0 ? '' : pair.slice(equals + 1));
  }
  return Object.fromEntries(
    strategy.parameters.map((parameter) => [
      parameter.name,
      parseValue(strategy, parameter, given.get(parameter.name) ?? parameter.default),
    ]),
  );
}

function parseValue(strategy: Strategy, parameter: Parameter, text: string): number {
  const what = `${strategy.name}:${parameter.name}`;
  const value = readValue(parameter, text, what);
  if (parameter.kind !== 'switch' && !(value > 0))
    throw new ToolError('E_USAGE', `${what}: '${text}' must be above 0`);
  return value;
}

function readValue(parameter: Parameter, text: string, what: string): number {
  switch (parameter.kind) {
    case 'count':
      return parseCount(text, what);
    case 'switch':
      if (text !== '0' && text !== '1')
        throw new ToolError('E_USAGE', `${what}: '${text}' must be 0 or 1`);
      return Number(text);
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
