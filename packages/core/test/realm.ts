/**
 * What an expression gives in another realm, whose ArrayBuffer, Float32Array and so on are not ours: a virtual
 * machine's context, or a frame in a page.
 */
export async function inOtherRealm<T>(expression: string): Promise<T> {
  if ('document' in globalThis) return inFrame(expression);
  const { runInNewContext } = await import('node:vm');
  return runInNewContext(expression) as T;
}

/** As much of a page as is used; the tests' types are Node's. */
interface Page {
  readonly document: {
    createElement(name: 'iframe'): { readonly contentWindow: { eval(text: string): unknown } };
    readonly body: { append(element: unknown): void };
  };
}

function inFrame<T>(expression: string): T {
  const { document } = globalThis as unknown as Page;
  const frame = document.createElement('iframe');
  document.body.append(frame);
  return frame.contentWindow.eval(expression) as T;
}
