// A user's own strategy, from a module given by path. Checks at the border that it is one, and turns what
// it throws into errors that name it; whether its plans are safe is the verdict's business.

import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

import { z } from 'zod';

import { ToolError, registry } from '../../collector/base/index.ts';
import { StepBatch } from '../steps/step-batch.ts';
import { isPath, parseChain, splitChain, type StrategyChain } from './chain.ts';
import { strategies } from './index.ts';
import type { Stage, Strategy } from './strategy.ts';

const parameterSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a short lower-case name'),
  kind: z.enum(['count', 'microseconds', 'duration', 'switch']),
  default: z.string(),
  help: z.string(),
});

const functionSchema = z.custom<(...values: unknown[]) => unknown>(
  (value) => typeof value === 'function',
  'must be a function',
);

const strategySchema = z.object({
  name: z.string().min(1),
  summary: z.string(),
  parameters: z.array(parameterSchema).default([]),
  standsOn: z.literal('barrier').optional(),
  reorders: z.boolean(),
  widens: z.boolean(),
  defers: z.boolean(),
  comesFirst: z.boolean().optional(),
  grouping: functionSchema.optional(),
  online: functionSchema.optional(),
  open: functionSchema,
});

const stageSchema = z.object({ push: functionSchema, end: functionSchema });

/** Like `parseChain`, loading the modules that the chain names by path. Throws ToolError. */
export async function openChain(text: string): Promise<StrategyChain> {
  const paths = new Set(
    splitChain(text)
      .map((part) => part.name)
      .filter(isPath),
  );
  const own = await Promise.all([...paths].map(loadStrategy));
  return parseChain(text, registry<Strategy>('strategy', [...strategies.entries, ...own]));
}

/** The strategy that the module at `path` exports, named by that path. */
async function loadStrategy(path: string): Promise<Strategy> {
  const module = await importModule(path);
  const exported = module.default ?? module.strategy;
  if (exported === undefined) {
    throw misfit(path, 'exports no strategy: give it a default export, or one named `strategy`');
  }
  const parsed = strategySchema.safeParse(exported);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw misfit(
      path,
      `its strategy does not fit: ${issue.path.join('.') || 'it'}: ${issue.message}`,
    );
  }
  // The schema has looked at every member; the methods keep their own `this`.
  const strategy = exported as Strategy;
  return {
    ...parsed.data,
    name: path,
    online: strategy.online?.bind(strategy),
    grouping: strategy.grouping?.bind(strategy),
    open: (values) => guard(path, () => openStage(path, strategy.open(values))),
  } as Strategy;
}

async function importModule(path: string): Promise<{ default?: unknown; strategy?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (error) {
    throw new ToolError(
      'E_FORMAT',
      `${path}: cannot be loaded: ${textOf(error)}. Nothing was planned.`,
      {
        cause: error,
        hint: 'a strategy is an ES module; see replayer/strategies/README.md for one that works',
      },
    );
  }
}

function openStage(path: string, opened: unknown): Stage {
  const parsed = stageSchema.safeParse(opened);
  if (!parsed.success) throw misfit(path, 'open() must return an object with push and end');
  const stage = opened as Stage;
  // A copy: what is given to a stage may be given to other chains too, and a module may write into it.
  const given = new StepBatch();
  return {
    push: (input, output) => {
      given.clear();
      given.append(input);
      guard(path, () => stage.push(given, output));
    },
    end: (output) => guard(path, () => stage.end(output)),
  };
}

/** Runs the user's code; what it throws is their error, not ours. */
function guard<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(
      'E_FORMAT',
      `strategy ${path} failed: ${textOf(error)}. Nothing was issued.`,
      {
        cause: error,
        hint: whereOf(error, path),
      },
    );
  }
}

function misfit(path: string, what: string): ToolError {
  return new ToolError('E_FORMAT', `${path}: ${what}. Nothing was planned.`, {
    hint: 'replayer/strategies/README.md describes what a strategy is',
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The line of the user's module where it failed. */
function whereOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const name = path.split('/').at(-1) ?? path;
  const line = stack.split('\n').find((one) => one.includes(name));
  return line === undefined ? 'it is not one of ours' : line.trim();
}
