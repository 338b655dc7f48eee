/** Chunks whose beginning can be looked at before they are read. */
export class PeekableChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #waiting: Uint8Array[] = [];
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The first `count` bytes that are still to be read; fewer only where there are no more. */
  async peek(count: number): Promise<Uint8Array> {
    let length = this.#waiting.reduce((sum, chunk) => sum + chunk.length, 0);
    while (length < count && !this.#ended) {
      const { done, value } = await this.#source.next();
      if (done) this.#ended = true;
      else {
        this.#waiting.push(value);
        length += value.length;
      }
    }
    const head = new Uint8Array(Math.min(length, count));
    let filled = 0;
    for (const chunk of this.#waiting) {
      if (filled === head.length) break;
      const part = chunk.subarray(0, head.length - filled);
      head.set(part, filled);
      filled += part.length;
    }
    return head;
  }

  /** Passes over the first `count` bytes, which have been peeked at. */
  skip(count: number): void {
    let left = count;
    let passed = 0;
    for (; left > 0 && left >= this.#waiting[passed]!.length; passed++) left -= this.#waiting[passed]!.length;
    this.#waiting.splice(0, passed);
    if (left > 0) this.#waiting[0] = this.#waiting[0]!.subarray(left);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return { done: false, value };
    return this.#ended ? { done: true, value: undefined } : this.#source.next();
  }

  /** Gives up what is left, and closes the source. */
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#waiting.length = 0;
    this.#ended = true;
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
