/** fork, exec, exit, wait, ps, and the stacks of a process. */
import type { AddressSpace, Process } from '@freehold/kernel';
import { formatCount, formatMany, formatSize } from '../../text/format.js';
import { table } from '../../text/table.js';
import type { Arguments } from '../arguments.js';
import type { CommandGroup, Session } from '../session.js';
import { hex } from '../words-for-people.js';

const THREAD_STACK_BYTES = 64 * 1024;

export const PROCESSES: CommandGroup = {
  title: 'Processes',
  commands: [
    {
      name: 'fork',
      usage: 'PID',
      summary: 'copy a process; pages are shared until written',
      run(session, args) {
        const parent = processOf(session, args);
        args.end();
        const child = session.kernel.processes.fork(parent);
        const { areas, resident } = child.space;
        const text =
          `process ${child.pid} is a copy of process ${parent.pid}: ${formatMany(areas.length, 'area')}, ` +
          `${formatMany(resident.anonymous, 'page')} shared until either writes`;
        return { text, value: child.pid };
      },
    },
    {
      name: 'exec',
      usage: 'PID FILE [ARGUMENT...]',
      summary: 'replace the program by an ELF file of this machine',
      run(session, args) {
        const process = processOf(session, args);
        const path = args.text('FILE');
        const argv = [path, ...args.rest()];
        const { entry, stackPointer, interpreter } = session.kernel.processes.exec(process, path, argv);
        const lines = [
          `process ${process.pid} runs ${path}: entry ${hex(entry)}, stack pointer ${hex(stackPointer)},`,
          `  ${formatMany(process.space.areas.length, 'area')}; break at ${hex(process.break)}`,
        ];
        if (interpreter !== null) {
          lines.push(`  its interpreter ${interpreter} is not loaded: no instruction is executed here`);
        }
        return { text: lines.join('\n'), value: entry };
      },
    },
    {
      name: 'exit',
      usage: 'PID [STATUS]',
      summary: 'end a process; its descriptor waits for the parent',
      run(session, args) {
        if (args.left === 0) throw args.wrong("PID is missing ('quit' leaves the shell)");
        const process = processOf(session, args);
        const status = args.numberOr(0, 'STATUS');
        args.end();
        session.kernel.processes.exit(process, status);
        return `process ${process.pid} has exited with ${status & 0xff}; its memory is given back`;
      },
    },
    {
      name: 'wait',
      usage: 'PID',
      summary: 'collect a child that has exited',
      run(session, args) {
        const process = processOf(session, args);
        args.end();
        const result = session.kernel.processes.wait(process);
        if (result === null) return `no child of process ${process.pid} has exited yet`;
        return { text: `process ${result.pid} had exited with ${result.status}`, value: result.pid };
      },
    },
    {
      name: 'ps',
      usage: '',
      summary: 'all processes',
      exact: true,
      run: (session, args) => list(session, args),
    },
    {
      name: 'push',
      usage: 'PID BYTES',
      summary: 'call a function with that many bytes of variables: the stack grows',
      run(session, args) {
        const process = processOf(session, args);
        const bytes = args.number('BYTES');
        args.end();
        const before = stackBytes(process.space);
        const pointer = process.push(bytes);
        const after = stackBytes(process.space);
        const grown = after > before ? `grew from ${formatSize(before)} to` : 'has';
        return {
          text: `stack pointer ${hex(pointer)}; the stack ${grown} ${formatSize(after)}`,
          value: pointer,
        };
      },
    },
    {
      name: 'thread',
      usage: 'PID [BYTES]',
      summary: 'start a thread: its stack is a block of the heap',
      run(session, args) {
        const process = processOf(session, args);
        const bytes = args.numberOr(THREAD_STACK_BYTES, 'BYTES');
        args.end();
        const { id, address } = process.createThread(bytes);
        const text = `thread ${id} of process ${process.pid}: a stack of ${formatSize(bytes)} at ${hex(address)}, from malloc`;
        return { text, value: address };
      },
    },
    {
      name: 'join',
      usage: 'PID THREAD',
      summary: 'end a thread; its stack goes back to the heap',
      run(session, args) {
        const process = processOf(session, args);
        const id = args.number('THREAD');
        args.end();
        process.endThread(id);
        return `thread ${id} of process ${process.pid} has ended`;
      },
    },
  ],
};

/** The process that the next word names. @throws SystemCallError ESRCH */
export function processOf(session: Session, args: Arguments): Process {
  return session.kernel.process(args.number('PID'));
}

function list(session: Session, args: Arguments): string {
  args.end();
  const rows = session.kernel.processes.list().map((process) => {
    const { pid, parent, task, path } = process;
    const head = [String(pid), String(parent?.pid ?? 0)];
    if (process.isZombie)
      return [...head, 'zombie', '', '', '', '', '', `${task.name}, exited ${task.exitStatus}`];
    const { space } = process;
    return [
      ...head,
      'alive',
      formatSize(space.mappedBytes),
      formatSize(space.residentPages * 4096),
      formatCount(space.table.tables),
      formatCount(space.counts.minorFaults + space.counts.majorFaults),
      formatCount(space.counts.copies),
      path === '' ? `[${task.name}]` : path,
    ];
  });
  const right = 'right' as const;
  return table(
    ['pid', 'parent', 'state', 'mapped', 'in memory', 'tables', 'faults', 'copies', 'program'],
    rows,
    [right, right, 'left', right, right, right, right, right, 'left'],
  );
}

function stackBytes(space: AddressSpace): number {
  for (const area of space.areas) if (area.name === '[stack]') return area.bytes;
  return 0;
}
