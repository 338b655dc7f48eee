/** shm: shared segments. */
import { IPC_PRIVATE } from '@freehold/kernel';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { table } from '../../text/table.js';
import type { Arguments } from '../arguments.js';
import type { CommandGroup, Outcome, Session } from '../session.js';
import { hex } from '../words-for-people.js';
import { processOf } from './processes.js';

const ACTIONS = ['create', 'attach', 'detach', 'remove', 'list'] as const;

export const SHARED: CommandGroup = {
  title: 'Shared segments',
  commands: [
    {
      name: 'shm',
      usage: 'create SIZE [KEY] | attach PID ID [ADDRESS] [ro] | detach PID ADDRESS | remove ID | list',
      summary: 'memory that several processes see',
      words: [...ACTIONS, 'ro'],
      run(session, args) {
        return RUN[args.action(ACTIONS)](session, args);
      },
    },
  ],
};

const RUN: Readonly<
  Record<(typeof ACTIONS)[number], (session: Session, args: Arguments) => Outcome | string>
> = {
  create(session, args) {
    const size = args.number('SIZE');
    const key = args.numberOr(IPC_PRIVATE, 'KEY');
    args.end();
    const { id, bytes } = session.kernel.segments.get(key, size);
    return { text: `segment ${id} of ${formatSize(bytes)}; it takes frames when it is touched`, value: id };
  },
  attach(session, args) {
    const process = processOf(session, args);
    const segment = session.kernel.segments.byId(args.number('ID'));
    let readOnly = args.take('ro');
    const place = args.left > 0 ? { address: args.number('ADDRESS') } : {};
    readOnly = args.take('ro') || readOnly;
    args.end();
    const address = process.attach(segment, { ...place, readOnly });
    const text = `segment ${segment.id} is at ${hex(address)} in process ${process.pid}, attached ${formatMany(segment.attached, 'time')} now`;
    return { text, value: address };
  },
  detach(session, args) {
    const process = processOf(session, args);
    const address = args.number('ADDRESS');
    args.end();
    process.detach(address);
    return `nothing is attached at ${hex(address)} in process ${process.pid} any more`;
  },
  remove(session, args) {
    const segment = session.kernel.segments.byId(args.number('ID'));
    args.end();
    session.kernel.segments.remove(segment.id);
    const still = segment.attached;
    return still === 0
      ? `segment ${segment.id} is gone`
      : `segment ${segment.id} goes when the last detaches: it is attached ${formatMany(still, 'time')}`;
  },
  list(session, args) {
    args.end();
    const segments = session.kernel.segments.list();
    if (segments.length === 0) return 'there are no shared segments';
    const rows = segments.map(({ id, key, bytes, attached, removed, inode }) => [
      String(id),
      hex(key),
      formatSize(bytes),
      formatCount(inode.pages.size),
      formatCount(attached),
      removed ? 'removed' : '',
    ]);
    const right = 'right' as const;
    return table(['id', 'key', 'size', 'pages', 'attached', ''], rows, [
      right,
      right,
      right,
      right,
      right,
      'left',
    ]);
  },
};
