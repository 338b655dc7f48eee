/** What shows: /proc, the picture of the frames, the check of all laws, help. */
import {
  buddyinfoOf,
  mapsOf,
  meminfoOf,
  pagetypeinfoOf,
  printBuddyinfo,
  printMaps,
  printMeminfo,
  printPagetypeinfo,
  printSlabinfo,
  printSmaps,
  printVmallocinfo,
  slabinfoOf,
  smapsOf,
  vmallocinfoOf,
} from '@freehold/kernel';
import { UserError } from '../../errors.js';
import { formatCount } from '../../text/format.js';
import { suggestion } from '../../text/nearest.js';
import { define } from '../../text/table.js';
import type { Arguments } from '../arguments.js';
import { framesPicture } from '../frames-picture.js';
import type { CommandGroup, Session } from '../session.js';

/** The files of /proc that are no process's. */
const FILES: ReadonlyMap<string, (session: Session) => string> = new Map(
  Object.entries<(session: Session) => string>({
    '/proc/buddyinfo': ({ kernel }) => printBuddyinfo(buddyinfoOf(kernel.pages)),
    '/proc/pagetypeinfo': ({ kernel }) => printPagetypeinfo(pagetypeinfoOf(kernel.pages)),
    '/proc/slabinfo': ({ kernel }) => printSlabinfo(slabinfoOf(kernel.slab)),
    '/proc/vmallocinfo': ({ kernel }) => printVmallocinfo(vmallocinfoOf(kernel.vm.kernel)),
    '/proc/meminfo': ({ kernel }) => printMeminfo(meminfoOf(kernel.slab)),
  }),
);
const PROCESS_FILE = /^\/proc\/(\d+)\/(maps|smaps)$/;
const COMMAND_COLUMNS = 26;

export const VIEWS: CommandGroup = {
  title: 'Looking',
  commands: [
    {
      name: 'cat',
      usage: 'FILE...',
      summary: 'a file of /proc: buddyinfo, meminfo, PID/maps, ...',
      exact: true,
      words: ({ kernel }) => {
        const alive = kernel.processes.list().filter(({ isZombie }) => !isZombie);
        const own = alive.flatMap(({ pid }) => [`/proc/${pid}/maps`, `/proc/${pid}/smaps`]);
        return [...FILES.keys(), ...own];
      },
      run(session, args) {
        const texts = [args.text('FILE'), ...args.rest()].map((path) => contentsOf(session, path));
        // The end of a line may be a space, as in Linux.
        return texts.join('').replace(/\n$/, '');
      },
    },
    {
      name: 'frames',
      usage: '',
      summary: 'a picture of physical memory by owner',
      exact: true,
      run(session, args) {
        args.end();
        return framesPicture(session.kernel.pages, session.paint);
      },
    },
    {
      name: 'check',
      usage: '',
      summary: 'check every law of the whole system',
      run(session, args) {
        args.end();
        const { kernel } = session;
        kernel.check();
        return (
          `every law holds: each of ${formatCount(kernel.machine.frames)} frames is owned once, references are as\n` +
          'many as holders; tables, areas, descriptors, objects and heaps agree'
        );
      },
    },
    {
      name: 'echo',
      usage: 'TEXT...',
      summary: 'print it',
      run: (_session, args) => args.rest().join(' '),
    },
    {
      name: 'help',
      usage: '[COMMAND]',
      summary: 'all commands, or one',
      run: (session, args) => help(session, args),
    },
    {
      name: 'quit',
      usage: '',
      summary: 'leave the shell (or Ctrl-D)',
      run(session, args) {
        args.end();
        session.ended = true;
        return '';
      },
    },
  ],
};

/** @throws UserError when there is no such file */
function contentsOf(session: Session, path: string): string {
  const file = FILES.get(path);
  if (file !== undefined) return file(session);
  const [, pid, which] = PROCESS_FILE.exec(path) ?? [];
  if (pid === undefined) {
    const known = [...FILES.keys(), '/proc/PID/maps', '/proc/PID/smaps'];
    // `cat meminf` is as near as `cat /proc/meminf`.
    const near = suggestion(path.startsWith('/') ? path : `/proc/${path}`, known);
    throw new UserError(`unknown file '${path}'${near}`);
  }
  const { space } = session.kernel.process(Number(pid));
  return which === 'maps' ? printMaps(mapsOf(space)) : printSmaps(smapsOf(space));
}

function help(session: Session, args: Arguments): string {
  const { paint } = session;
  if (args.left > 0) {
    const name = args.text('COMMAND');
    args.end();
    const { usage, summary } = session.find(name);
    return `${paint.bold(`${name} ${usage}`.trimEnd())}\n  ${summary}`;
  }
  const groups = session.groups.map(({ title, commands }) => {
    const lines = commands.map((each) => {
      const usage = `${each.name} ${each.usage}`.trimEnd();
      if (usage.length < COMMAND_COLUMNS - 2) return define(`  ${usage}`, each.summary, COMMAND_COLUMNS);
      return define(`  ${each.name} ...`, each.summary, COMMAND_COLUMNS);
    });
    return `${paint.bold(title)}\n${lines.join('\n')}`;
  });
  const notes = [
    'Sizes and addresses: 4096, 0x1000, 64KiB, $name, and sums of these: $a+0x10.',
    "'name = command' keeps the result; 'fails command' expects a refusal;",
    "'help command' shows its usage; what follows # is a comment.",
    'Files of this machine are only read; what is written to them stays in memory,',
    'but for those in a folder given as freehold kernel --writable DIR.',
  ];
  return [...groups, notes.join('\n')].join('\n\n');
}
