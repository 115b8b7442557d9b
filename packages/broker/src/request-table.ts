// One readable answer to "which code is served by whom": processors add themselves here, the servers take it over.
import type { RemotingServer, RequestProcessor } from '@mq/remoting';
import { requestCodeName } from '@mq/remoting/protocol';

export interface ServedCode {
  readonly code: number;
  readonly processor: RequestProcessor;
  /** False: not served on the fast port (listenPort - 2), as upstream leaves out the pull family there. */
  readonly onFastPort: boolean;
}

/** Maps request codes to their processors; a code has exactly one. */
export class RequestTable {
  readonly #served = new Map<number, ServedCode>();

  /** Adds a code. Throws when the code is taken: two owners of one code are a defect of the broker, not of a request. */
  add(code: number, processor: RequestProcessor, options: { readonly onFastPort?: boolean } = {}): this {
    if (this.#served.has(code)) throw new Error(`request code ${code} (${requestCodeName(code)}) has two processors`);
    this.#served.set(code, { code, processor, onFastPort: options.onFastPort ?? true });
    return this;
  }

  has(code: number): boolean {
    return this.#served.has(code);
  }

  /** Every served code, ascending. */
  codes(): number[] {
    return [...this.#served.keys()].sort((left, right) => left - right);
  }

  /** Codes that the fast port does not serve. */
  codesNotOnFastPort(): number[] {
    return this.codes().filter((code) => this.#served.get(code)?.onFastPort === false);
  }

  processor(code: number): RequestProcessor | undefined {
    return this.#served.get(code)?.processor;
  }

  /** Registers everything at a server. */
  installOn(server: RemotingServer): void {
    for (const { code, processor } of this.#served.values()) server.register(code, processor);
  }
}
