/** `freehold fit`: the smallest arena in which a trace completes, for every allocator. */
import { Command } from 'commander';

export function fitCommand(): Command {
  return new Command('fit').description('find the smallest arena in which each trace completes');
}
