/** All commands of the shell, in the order in which `help` lists them: a new group adds its line. */
import type { CommandGroup } from './command.js';
import { HEAP } from './commands/heap.js';
import { KERNEL } from './commands/kernel.js';
import { MEMORY } from './commands/memory.js';
import { PROCESSES } from './commands/processes.js';
import { SHARED } from './commands/shared.js';
import { VIEWS } from './commands/views.js';

export const GROUPS: readonly CommandGroup[] = [PROCESSES, MEMORY, HEAP, SHARED, KERNEL, VIEWS];
