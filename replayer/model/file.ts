// A cost model as a JSON file: read with its schema, written whole or not at all.

import { readFileSync } from 'node:fs';

import {
  ToolError,
  fileError,
  jsonText,
  parseJson,
  type Output,
} from '../../collector/base/index.ts';
import type { Dialect } from '../dialects/index.ts';
import { costModelSchema, type CostModel } from './cost-model.ts';

/** A model for plans in `dialect`. Throws ToolError. */
export function readModel(path: string, dialect: Dialect): CostModel {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, path, 'Nothing was predicted.');
  }
  const parsed = costModelSchema.safeParse(parseJson(text));
  if (parsed.success) {
    if (parsed.data.dialect === dialect.name) return parsed.data;
    throw new ToolError(
      'E_MISMATCH',
      `${path}: is a model of dialect '${parsed.data.dialect}', the plan is for '${dialect.name}'; nothing was predicted`,
      {
        hint: `plan with --dialect ${parsed.data.dialect}, or fit a model on replays with ${dialect.name}`,
      },
    );
  }
  throw new ToolError('E_FORMAT', `${path}: is no cost model; nothing was predicted`, {
    hint: 'make one with: iotlb model RESULT.arrow --recording REC.arrow -o MODEL.json',
  });
}

export function writeModel(output: Output, model: CostModel): void {
  output.write([jsonText(model, 2)]);
}
