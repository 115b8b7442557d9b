import { RemotingCommand } from './command.js';
import { isRemotingError, messageOf } from './errors.js';
import type { Logger } from './logger.js';
import { ResponseCode } from './protocol/response-code.js';
import { PendingAnswer, type RequestContext } from './request-context.js';
import { RequestHooks, type RequestHook } from './request-hooks.js';
import type { SocketConnection } from './socket-connection.js';

/**
 * Handles one request code. `undefined` means no response now: the processor calls `context.respond` later, or never
 * for a oneway request. What it throws becomes the response: the code a `RemotingError` carries, else SYSTEM_ERROR.
 */
export type RequestProcessor = (
  request: RemotingCommand,
  context: RequestContext,
) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>;

/** Codes a listener does not serve although the server does (the VIP port). */
export type ExceptCodes = ReadonlySet<number>;

/** Finds the processor of a request, runs it, and turns whatever comes of it into at most one response. */
export class Dispatcher {
  readonly #processors = new Map<number, RequestProcessor>();
  readonly #hooks: RequestHooks;
  readonly #logger: Logger;
  readonly #maxUnanswered: number;
  #default: RequestProcessor | undefined;

  constructor(logger: Logger, maxUnanswered: number) {
    this.#logger = logger;
    this.#hooks = new RequestHooks(logger);
    this.#maxUnanswered = maxUnanswered;
  }

  register(code: number, processor: RequestProcessor): void {
    this.#processors.set(code, processor);
  }

  registerDefault(processor: RequestProcessor): void {
    this.#default = processor;
  }

  addHook(hook: RequestHook): void {
    this.#hooks.add(hook);
  }

  dispatch(
    request: RemotingCommand,
    connection: SocketConnection,
    receivedAt: number,
    except?: ExceptCodes,
  ): void {
    const context = new PendingAnswer(this.#hooks, request, connection, receivedAt);
    if (connection.unanswered > this.#maxUnanswered) {
      context.respond(
        RemotingCommand.response(
          ResponseCode.SYSTEM_BUSY,
          `[OVERLOAD]${this.#maxUnanswered} requests unanswered`,
        ),
      );
      return;
    }
    try {
      const refusal = this.#hooks.before(request, connection);
      const processor = this.#processorOf(request.code, except);
      if (refusal !== undefined) {
        context.respond(refusal);
      } else if (processor === undefined) {
        context.respond(notSupported(request.code));
      } else {
        const result = processor(request, context);
        if (result === undefined) return;
        if (result instanceof RemotingCommand) context.respond(result);
        else void this.#finishLater(result, request, context);
      }
    } catch (error) {
      this.#fail(error, request, context);
    }
  }

  #processorOf(code: number, except: ExceptCodes | undefined): RequestProcessor | undefined {
    if (except !== undefined && except.has(code)) return undefined;
    return this.#processors.get(code) ?? this.#default;
  }

  async #finishLater(
    result: Promise<RemotingCommand | undefined>,
    request: RemotingCommand,
    context: PendingAnswer,
  ): Promise<void> {
    try {
      const response = await result;
      if (response !== undefined) context.respond(response);
    } catch (error) {
      this.#fail(error, request, context);
    }
  }

  #fail(error: unknown, request: RemotingCommand, context: PendingAnswer): void {
    const known = isRemotingError(error) ? error : undefined;
    const code = known?.responseCode ?? ResponseCode.SYSTEM_ERROR;
    if (known === undefined) {
      this.#logger.error('a request handler threw', {
        code: request.code,
        remote: context.connection.remoteAddress,
        error,
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    context.respond(RemotingCommand.response(code, messageOf(error)));
  }
}

function notSupported(code: number): RemotingCommand {
  return RemotingCommand.response(
    ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
    ` request type ${code} not supported`,
  );
}
