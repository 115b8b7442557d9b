/**
 * The one start and the one end of a server. Both may be asked for again, together and in any order, and mean the same each
 * time: a start that fails closes what it had opened; a close waits for a start under way; after it there is no other start.
 */
export class Lifespan<Started = void> {
  readonly #open: () => Promise<Started>;
  readonly #shut: () => Promise<void>;
  #starting: Promise<Started> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param open what a start does
   * @param shut what a close does; called after a start that failed as well, and again by a close that follows it
   */
  constructor(open: () => Promise<Started>, shut: () => Promise<void>) {
    this.#open = open;
    this.#shut = shut;
  }

  /** From the first call of `close` on. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Rejects with what `open` threw, or because it was closed before. */
  start(): Promise<Started> {
    this.#starting ??= this.isClosing ? Promise.reject(new Error('it was closed')) : this.#openWhole();
    return this.#starting;
  }

  /** Rejects with what `shut` threw. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  async #openWhole(): Promise<Started> {
    try {
      return await this.#open();
    } catch (error) {
      await this.#shut();
      throw error;
    }
  }

  async #closeOnce(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#shut();
  }
}
