/** `freehold compare`: every allocator on every trace, side by side. */
import { Command } from 'commander';

export function compareCommand(): Command {
  return new Command('compare').description('replay traces through allocators and compare them');
}
