import { spawnSync } from 'node:child_process';
import xterm from '@xterm/headless';

/** Whether a terminal can be had for a process: `script`, of util-linux. */
export const HAS_TERMINAL = spawnSync('script', ['--version']).status === 0;

export interface Screen {
  readonly status: number | null;
  /** All that a person could scroll through afterwards, without trailing blanks and empty lines at the end. */
  readonly lines: readonly string[];
}

/** Runs a command in a terminal of its own, 80 columns wide, and tells what is to be read there in the end. */
export async function runInTerminal(command: readonly string[], rows = 24): Promise<Screen> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { status, stdout } = spawnSync(
    'script',
    ['-q', '-e', '-f', '-c', `stty cols 80 rows ${rows}; ${quoted}`, '/dev/null'],
    { env: { ...process.env, TERM: 'xterm-256color', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const terminal = new xterm.Terminal({ cols: 80, rows, scrollback: 10_000, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(stdout, resolve));
  const { length } = terminal.buffer.active;
  const lines = Array.from(
    { length },
    (_, i) => terminal.buffer.active.getLine(i)?.translateToString(true) ?? '',
  );
  return { status, lines: lines.slice(0, lines.findLastIndex((line) => line !== '') + 1) };
}
