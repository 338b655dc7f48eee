/** The examples in the order in which they build on one another: a new one adds its line. */
import { blocks } from './blocks.js';
import { buddy } from './buddy.js';
import type { Example } from './example.js';
import { fits } from './fits.js';
import { fragmentation } from './fragmentation.js';
import { lists } from './lists.js';
import { naive } from './naive.js';

export const EXAMPLES: readonly Example[] = [fits, fragmentation, blocks, lists, naive, buddy];
