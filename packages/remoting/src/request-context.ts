import { RemotingCommand, type HotResponseHeader, type SerializeType } from './command.js';
import { readRocketmqExt } from './codec/rocketmq-header.js';
import type { Connection } from './connection.js';
import { messageOf } from './errors.js';
import { ResponseCode } from './protocol/response-code.js';
import type { RequestHooks } from './request-hooks.js';
import type { SocketConnection } from './socket-connection.js';

/** What a handler gets beside the request: one object a request. */
export interface RequestContext {
  /** Where the request came from and the response goes to. */
  readonly connection: Connection;
  /** Wall clock, milliseconds, when the chunk with the request was read. */
  readonly receivedAt: number;
  /** How long the request had waited then until it was handled, behind others of its connection; milliseconds, mostly 0. */
  readonly waitedMs: number;
  /** True once a response was given, or when none may be. */
  readonly isAnswered: boolean;
  /** Sends the response at the end of the turn, in the request's codec and with its opaque. No-op for a oneway request, and the second time. */
  respond(response: RemotingCommand): void;
  /**
   * Like {@link respond} with a SUCCESS response, for what is answered many thousand times a second: `header` writes
   * itself, `bodyParts` are sent as they are, `onReleased` runs when the socket is done with them. The request's bytes are
   * forgotten with it (`RemotingCommand.forgetBytes`): nothing, `bodyParts` included, may refer to them afterwards.
   */
  respondHot(header: HotResponseHeader, bodyParts?: readonly Buffer[], onReleased?: () => void): void;
}

/** Ext field by which a client says which codecs beside its own it reads; see docs/decisions/0003. */
export const codecsExtField = 'mqCodecs';
/** Its value: the codec byte of MSGPACK. */
export const msgpackAnnouncement = '2';

/** The one implementation of {@link RequestContext}: an answer that is still owed. */
export class PendingAnswer implements RequestContext {
  isAnswered: boolean;
  readonly waitedMs: number;
  readonly #codec: SerializeType;

  constructor(
    private readonly hooks: RequestHooks,
    private readonly request: RemotingCommand,
    readonly connection: SocketConnection,
    readonly receivedAt: number,
  ) {
    this.isAnswered = request.isOneway;
    this.waitedMs = connection.waitedMs;
    if (!this.isAnswered) connection.unanswered++;
    this.#codec = connection.awaitsAnnouncement ? announcedCodec(request, connection) : request.serializeType;
  }

  respond(response: RemotingCommand): void {
    const { request, connection } = this;
    const wanted = !this.isAnswered;
    if (wanted) {
      this.isAnswered = true;
      connection.unanswered--;
      response.opaque = request.opaque;
      response.flag |= 1;
      response.serializeType = this.#codec;
      this.#send(response);
    } else {
      response.onReleased?.();
    }
    if (wanted || request.isOneway) this.hooks.after(request, response, connection);
  }

  respondHot(header: HotResponseHeader, bodyParts?: readonly Buffer[], onReleased?: () => void): void {
    const { request, connection } = this;
    if (this.isAnswered || !connection.isOpen || this.#codec === 'MSGPACK' || !this.hooks.isEmpty) {
      this.respond(coldResponse(header, bodyParts, onReleased));
      return;
    }
    this.isAnswered = true;
    connection.unanswered--;
    const { language, version } = connection.identity;
    hotFrame.opaque = request.opaque;
    hotFrame.language = language;
    hotFrame.version = version;
    hotFrame.isJson = this.#codec === 'JSON';
    connection.outgoing.appendHot(hotFrame, header, bodyParts, onReleased);
    request.forgetBytes();
    connection.afterAppend();
  }

  /** A response that cannot be encoded is answered as an error: the peer must not wait for nothing. */
  #send(response: RemotingCommand): void {
    try {
      this.connection.send(response);
    } catch (error) {
      response.onReleased?.();
      const instead = RemotingCommand.response(ResponseCode.SYSTEM_ERROR, messageOf(error));
      instead.opaque = response.opaque;
      instead.serializeType = response.serializeType;
      this.connection.send(instead);
    }
  }
}

/** Filled and encoded within one call; never kept. */
const hotFrame = { code: 0, opaque: 0, flag: 1, language: '', version: 0, remark: undefined, isJson: false };

/**
 * The codec this request is answered in: its own, unless it is the first of its connection that wants an answer and
 * says that the peer reads MSGPACK; the answer then is the acceptance.
 */
function announcedCodec(request: RemotingCommand, connection: SocketConnection): SerializeType {
  if (request.isOneway) return request.serializeType;
  connection.awaitsAnnouncement = false;
  if (request.serializeType !== 'JSON' || !announcesMsgpack(request)) return request.serializeType;
  connection.decoder.acceptMsgpack = true;
  connection.requestCodec = 'MSGPACK';
  return 'MSGPACK';
}

function announcesMsgpack(request: RemotingCommand): boolean {
  try {
    return request.extFieldsIfAny?.[codecsExtField] === msgpackAnnouncement;
  } catch {
    // Ext fields that cannot be read: whoever needs them will say so in the response.
    return false;
  }
}

/** A hot response as a command, for where the fast way does not lead: hooks, MSGPACK, a closed connection. */
function coldResponse(
  header: HotResponseHeader,
  bodyParts: readonly Buffer[] | undefined,
  onReleased: (() => void) | undefined,
): RemotingCommand {
  const response = RemotingCommand.response(ResponseCode.SUCCESS);
  response.rawHeader = Buffer.allocUnsafe(header.maxBytes);
  response.rawExtEnd = header.writeRocketmqExt(response.rawHeader, 0);
  response.extFields = readRocketmqExt(response);
  response.bodyParts = bodyParts;
  response.onReleased = onReleased;
  return response;
}
