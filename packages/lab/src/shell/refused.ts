/** The kernel said no where it gives null rather than an error. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
