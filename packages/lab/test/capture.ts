import { afterEach, beforeEach, vi } from 'vitest';

/** What the command under test has written since the test began. */
export interface Said {
  out: string;
  err: string;
}

/** From here on, in each test of the file, what goes to stdout and stderr is kept instead of shown. */
export function capture(): Said {
  const said = { out: '', err: '' };
  beforeEach(() => {
    said.out = '';
    said.err = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      said.out += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said.err += String(text);
      return true;
    });
  });
  afterEach(() => vi.restoreAllMocks());
  return said;
}
