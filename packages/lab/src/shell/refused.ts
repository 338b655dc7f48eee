import { KernelError } from '@freehold/kernel';

/** A refusal of the kernel where it gives null rather than an error, or refuses an argument. */
export class Refused extends KernelError {
  override readonly name = 'Refused';
  override readonly code = 'REFUSED';
}
