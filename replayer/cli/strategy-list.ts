// What `iotlb plan --list` and the help say about strategies and presets: all of it from the registries.

import { strategies } from '../strategies/index.ts';
import { presets } from '../strategies/presets.ts';

const NAME_WIDTH = 15;

export function strategyList(): object {
  return {
    strategies: strategies.entries.map((strategy) => ({
      name: strategy.name,
      summary: strategy.summary,
      parameters: strategy.parameters,
      stands_on: strategy.standsOn ?? null,
      reorders: strategy.reorders,
      widens: strategy.widens,
      defers: strategy.defers,
      online: strategy.online !== undefined,
    })),
    presets: presets.entries,
  };
}

export function strategyHelp(): string {
  const lines = strategies.entries.flatMap((strategy) => [
    `  ${strategy.name.padEnd(NAME_WIDTH)}${strategy.summary}`,
    ...strategy.parameters.map(
      (parameter) =>
        `  ${' '.repeat(NAME_WIDTH)}  ${parameter.name}=${parameter.default}  ${parameter.help}`,
    ),
  ]);
  const models = presets.entries.flatMap((preset) => [
    `  ${preset.name.padEnd(NAME_WIDTH)}${preset.summary} (${preset.chain})`,
    `  ${' '.repeat(NAME_WIDTH)}  ${preset.models}`,
  ]);
  return ['Strategies:', ...lines, '', "Presets, what today's software does:", ...models].join(
    '\n',
  );
}
