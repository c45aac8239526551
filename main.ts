#!/usr/bin/env node
// Runs the command line over the table of verbs.

import { runCommandLine } from './collector/base/index.ts';
import { verbs } from './verbs.ts';

process.exitCode = await runCommandLine(verbs, process.argv.slice(2));
