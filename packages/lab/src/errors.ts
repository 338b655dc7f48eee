/** How a command ends other than well. Both are told in one line on stderr; the status is the process's. */

/** Wrong use: an unknown flag, a bad value, a file that cannot be read or is malformed. Exit status 2. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly status = 2;
}

/** The command did what it was asked to and found a fault: a verification that failed. Exit status 1. */
export class FaultError extends Error {
  override readonly name: string = 'FaultError';
  readonly status = 1;
}
