/** The commands of `freehold` in the order in which `--help` lists them: a new command adds its line. */
import type { Command } from 'commander';
import { compareCommand } from './compare/command.js';
import { convertCommand } from './convert/command.js';
import { fitCommand } from './fit/command.js';
import { fuzzCommand } from './fuzz/command.js';
import { infoCommand } from './info/command.js';
import { inspectCommand } from './inspect/command.js';
import { kernelCommand } from './kernel/command.js';
import { lessonCommand } from './lesson/command.js';
import { monitorCommand } from './monitor/command.js';

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
