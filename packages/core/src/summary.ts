/**
 * Names the method whose answer `console.log` prints for an object, in Node, Bun and Deno. Everywhere the same symbol,
 * so that nothing of Node's need be imported.
 * @internal
 */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/**
 * An object as `console.log` shows it, in one line: `Tlsf { base: 0, capacity: 4096 }`. Its arrays and nodes, which
 * would fill the screen, are left out.
 * @param facts what is told of it, most often its `toJSON`
 * @internal
 */
export function summary(object: object, facts: object): string {
  return `${object.constructor.name} ${told(facts)}`;
}

/** An object in braces, all else as in JSON; what is undefined is left out. */
function told(fact: unknown): string {
  if (typeof fact !== 'object' || fact === null) return JSON.stringify(fact);
  const facts = Object.entries(fact).filter(([, value]) => value !== undefined);
  return `{ ${facts.map(([name, value]) => `${name}: ${told(value)}`).join(', ')} }`;
}
