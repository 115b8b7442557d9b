// One readable answer to "which code is served by whom": processors add themselves here, the servers take it over. It is
// also the one place where what a processor throws becomes a response.
import {
  isRemotingError,
  type Logger,
  RemotingCommand,
  type RemotingServer,
  type RequestProcessor,
} from '@mq/remoting';
import { requestCodeName, ResponseCode } from '@mq/remoting/protocol';

import { RequestRefused } from './request-refused.js';

interface ServedCode {
  readonly processor: RequestProcessor;
  readonly onFastPort: boolean;
}

/** Maps request codes to their processors; a code has exactly one. */
export class RequestTable {
  readonly #served = new Map<number, ServedCode>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Adds a code. Throws when the code is taken: two owners of one code are a defect of the broker, not of a request.
   * `onFastPort` false: not served on listenPort - 2, as upstream leaves out the pull family there.
   */
  add(code: number, processor: RequestProcessor, options: { readonly onFastPort?: boolean } = {}): this {
    if (this.#served.has(code))
      throw new Error(`request code ${code} (${requestCodeName(code)}) has two processors`);
    this.#served.set(code, { processor: this.#guarded(processor), onFastPort: options.onFastPort ?? true });
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
    for (const [code, { processor }] of this.#served) server.register(code, processor);
  }

  /** Answers for what the processor throws or rejects with. The path without errors costs no promise. */
  #guarded(processor: RequestProcessor): RequestProcessor {
    return (request, context) => {
      try {
        const response = processor(request, context);
        if (!(response instanceof Promise)) return response;
        return response.catch((error: unknown) => responseToError(error, request, this.#logger));
      } catch (error) {
        return responseToError(error, request, this.#logger);
      }
    };
  }
}

/** The response for what a processor threw. Only a defect of ours is logged as an error. */
export function responseToError(error: unknown, request: RemotingCommand, logger: Logger): RemotingCommand {
  if (error instanceof RequestRefused) return RemotingCommand.response(error.responseCode, error.message, {});
  if (isRemotingError(error)) {
    return RemotingCommand.response(error.responseCode ?? ResponseCode.SYSTEM_ERROR, error.message, {});
  }
  const name = requestCodeName(request.code);
  logger.error('request failed', { code: request.code, name, error });
  const remark = error instanceof Error ? error.message : String(error);
  return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, `${name} failed: ${remark}`, {});
}
