// What every operation speaks through: one request, one answer, refusals as errors.
import {
  RemotingClient,
  RemotingCommand,
  silentLogger,
  type ExtFields,
  type HeaderCodec,
  type Logger,
} from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';
import type { ClientOptions } from '@mq/client';
import { AdminError, asAdminError, isAdminError, refusal } from './errors.js';
import { assertAddress, parseNameServers, type MQAdminOptions } from './options.js';

const DEFAULT_REQUEST_TIMEOUT_MS = 5_000;

/** What a request carries besides its code. */
export interface AskOptions {
  readonly ext?: ExtFields;
  readonly body?: Buffer;
  /** Milliseconds; default the `requestTimeoutMs` of the options. */
  readonly timeoutMs?: number;
}

/** Requests to brokers and NameServers. One for each `MQAdmin`, shared by its operations. */
export class AdminChannel {
  readonly nameServers: readonly string[];
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
  readonly #options: MQAdminOptions;
  readonly #client: RemotingClient;
  /** The NameServer that answered last comes first. */
  #preferred = 0;
  #isClosed = false;

  /** @throws AdminError INVALID_ARGUMENT */
  constructor(options: MQAdminOptions = {}) {
    this.#options = options;
    this.nameServers = parseNameServers(options.nameServers);
    this.requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.logger = options.logger ?? silentLogger;
    const { connectTimeoutMs, serializeType, tls } = options;
    this.#client = new RemotingClient(
      {
        requestTimeoutMs: this.requestTimeoutMs,
        ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
        ...(serializeType === undefined ? {} : { serializeType }),
        ...(tls === undefined ? {} : { tls }),
      },
      { logger: this.logger },
    );
    for (const hook of options.hooks ?? []) this.#client.addHook(hook);
  }

  /**
   * Asks one server; resolves with its answer when that is SUCCESS.
   * @throws AdminError what the answer refuses with, CONNECTION_FAILED, TIMEOUT, CLOSED, INVALID_ARGUMENT
   */
  async ask(address: string, code: number, options: AskOptions = {}): Promise<RemotingCommand> {
    if (this.#isClosed) throw new AdminError('CLOSED', 'the MQAdmin was closed');
    assertAddress('server', address);
    const command = RemotingCommand.request(code, options.ext, options.body);
    const timeoutMs = options.timeoutMs ?? this.requestTimeoutMs;
    let response: RemotingCommand;
    try {
      response = await this.#client.request(address, command, { timeoutMs });
    } catch (error) {
      throw asAdminError(error, address);
    }
    if (response.code !== ResponseCode.SUCCESS) throw refusal(address, response.code, response.remark);
    return response;
  }

  /** Asks one NameServer, the next one when it cannot be reached. @throws AdminError as `ask`, NO_NAME_SERVER */
  async askNameServer(code: number, options: AskOptions = {}): Promise<RemotingCommand> {
    const addresses = this.requireNameServers();
    let lastError: unknown;
    for (let attempt = 0; attempt < addresses.length; attempt++) {
      const index = (this.#preferred + attempt) % addresses.length;
      try {
        const response = await this.ask(addresses[index] as string, code, options);
        this.#preferred = index;
        return response;
      } catch (error) {
        if (!isAdminError(error) || error.code !== 'CONNECTION_FAILED') throw error;
        lastError = error;
      }
    }
    throw lastError;
  }

  /** Asks every NameServer: what they hold is not shared among them. @throws AdminError as `ask`, NO_NAME_SERVER */
  async askEveryNameServer(code: number, options: AskOptions = {}): Promise<void> {
    for (const address of this.requireNameServers()) await this.ask(address, code, options);
  }

  /** @throws AdminError NO_NAME_SERVER when none was given */
  requireNameServers(): readonly string[] {
    if (this.nameServers.length === 0)
      throw new AdminError('NO_NAME_SERVER', 'no NameServer address was given');
    return this.nameServers;
  }

  /** Reads a header or body with one of the protocol's decoders. @throws AdminError BAD_RESPONSE */
  decode<T>(address: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw asAdminError(error, address);
    }
  }

  /** The header of an answer. @throws AdminError BAD_RESPONSE */
  header<T>(address: string, codec: HeaderCodec<T>, response: RemotingCommand): T {
    return this.decode(address, () => codec.decode(response.extFields));
  }

  /** The same settings for a producer or consumer of @mq/client. @throws AdminError NO_NAME_SERVER */
  clientOptions(): ClientOptions {
    const { connectTimeoutMs, serializeType, tls, hooks } = this.#options;
    return {
      nameServers: this.requireNameServers(),
      requestTimeoutMs: this.requestTimeoutMs,
      logger: this.logger,
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
      ...(serializeType === undefined ? {} : { serializeType }),
      ...(tls === undefined ? {} : { tls }),
      ...(hooks === undefined ? {} : { hooks }),
    };
  }

  /** Closes every connection; waits for requests in flight. May be called again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.close();
  }
}
