/** The commands of `freehold` in the order in which `--help` lists them: a new command adds its line. */
import type { Command } from 'commander';
import { compareCommand } from './compare.js';
import { convertCommand } from './convert.js';
import { fitCommand } from './fit.js';
import { fuzzCommand } from './fuzz.js';
import { infoCommand } from './info.js';
import { inspectCommand } from './inspect.js';
import { kernelCommand } from './kernel.js';
import { lessonCommand } from './lesson.js';
import { monitorCommand } from './monitor.js';

export const COMMANDS: readonly (() => Command)[] = [
  compareCommand,
  fitCommand,
  infoCommand,
  convertCommand,
  lessonCommand,
  monitorCommand,
  kernelCommand,
  fuzzCommand,
  inspectCommand,
];
