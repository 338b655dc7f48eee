/** What must not outlast the process, however it ends: a temporary file, a hidden cursor. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const cleanups = new Set<() => void>();

/**
 * Runs `cleanup` once: when the result is disposed of, when the process exits (after an error nobody caught as well),
 * or when SIGINT, SIGTERM or SIGHUP comes. The process then ends by that signal itself, so that a shell's loop around
 * it ends too.
 *
 * While nothing is registered the process has no handlers, and a signal ends it at once. With one, a signal waits until
 * the event loop is reached.
 * @param cleanup synchronous; what it throws is ignored where the process ends
 */
export function atEnd(cleanup: () => void): Disposable {
  if (cleanups.size === 0) listen();
  // Its own, so that the same function may be given twice.
  const entry = () => cleanup();
  cleanups.add(entry);
  return {
    [Symbol.dispose]() {
      if (!cleanups.delete(entry)) return;
      if (cleanups.size === 0) stopListening();
      cleanup();
    },
  };
}

function listen(): void {
  process.on('exit', cleanUp);
  for (const signal of SIGNALS) process.on(signal, endBySignal);
}

function stopListening(): void {
  process.off('exit', cleanUp);
  for (const signal of SIGNALS) process.off(signal, endBySignal);
}

function cleanUp(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch {
      // The others have their turn; nobody is left to be told.
    }
  }
  cleanups.clear();
}

function endBySignal(signal: NodeJS.Signals): void {
  cleanUp();
  stopListening();
  process.kill(process.pid, signal);
}
