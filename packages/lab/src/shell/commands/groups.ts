/** All commands of the shell, in the order in which `help` lists them: a new group adds its line. */
import type { CommandGroup } from '../session.js';
import { HEAP } from './heap.js';
import { KERNEL } from './kernel.js';
import { MEMORY } from './memory.js';
import { PROCESSES } from './processes.js';
import { SHARED } from './shared.js';
import { VIEWS } from './views.js';

export const GROUPS: readonly CommandGroup[] = [PROCESSES, MEMORY, HEAP, SHARED, KERNEL, VIEWS];
