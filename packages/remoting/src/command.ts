/** The header codecs, by the name the JSON header carries; on the wire codec bytes 0, 1 and 2. */
export type SerializeType = 'JSON' | 'ROCKETMQ' | 'MSGPACK';

/** Header fields of one request code. Objects made here have no prototype, so no key of a peer can reach one. */
export type ExtFields = Record<string, string>;

/** Turns the typed header of one request or response code into ext fields and back. */
export interface HeaderCodec<T> {
  /** Upstream's class name, for errors. */
  readonly name: string;
  /**
   * `undefined` members are left out.
   * @throws RemotingError `BAD_HEADER` for a value that cannot be represented
   */
  encode(header: T): ExtFields;
  /** Keys it does not know are left aside. @throws RemotingError `BAD_HEADER`, naming the field. */
  decode(ext: ExtFields): T;
}

/**
 * A response header that writes itself: what a broker answers many thousand times a second (send, pull, offset
 * update) goes from fields to bytes without an ext object. An object may be reused as soon as `respondHot` returned.
 */
export interface HotResponseHeader {
  /** Upper bound of the bytes either writer needs; checked once before writing. */
  readonly maxBytes: number;
  /** Writes the entries (int16 key length, key, int32 value length, value ...) at `at`; gives the end position. */
  writeRocketmqExt(target: Buffer, at: number): number;
  /** Writes the inside of the JSON object, `"k":"v","l":"w"` without braces, at `at`; gives the end position. */
  writeJsonExt(target: Buffer, at: number): number;
}

/** Bit 0 of the flag: this frame is a response. */
export const responseFlag = 1;
/** Bit 1 of the flag: a request that must not be answered. */
export const onewayFlag = 2;

/** What a fresh command says about its sender until a connection puts its own values in. */
const unsetVersion = 0;
const unsetLanguage = 'OTHER';

/** Memory that a frame's bytes lie in, and that is used for others once all who hold it have released it. */
export interface LentBytes {
  hold(): void;
  release(): void;
}

/** Reads ext fields out of a decoded header on first use. */
export type ExtFieldsReader = (command: RemotingCommand) => ExtFields;

/** An ext object without prototype. */
export function createExtFields(entries?: Readonly<Record<string, string | undefined>>): ExtFields {
  const ext = Object.create(null) as ExtFields;
  if (entries !== undefined) {
    for (const [key, value] of Object.entries(entries)) if (value !== undefined) ext[key] = value;
  }
  return ext;
}

/**
 * One frame: a request, a oneway request or a response.
 * Upstream: remoting/protocol/RemotingCommand. Differs: no reflection, ext fields are decoded on first use.
 */
export class RemotingCommand {
  /** Of a request a `RequestCode`, of a response a `ResponseCode`. */
  code: number;
  /** LanguageCode name; `UNKNOWN` where Java decodes null (a name or number it does not know). */
  language: string = unsetLanguage;
  /** MQVersion ordinal of the sender. */
  version: number = unsetVersion;
  /** Signed int32 that pairs a response with its request; wraps. */
  opaque = 0;
  /** Bits {@link responseFlag}, {@link onewayFlag}. */
  flag = 0;
  /** For a person: why a response is a refusal. `undefined` when there is none. */
  remark: string | undefined;
  /** `undefined` for an empty body, as Java decodes it. */
  body: Buffer | undefined;
  /** How the header is encoded; a response takes that of its request. */
  serializeType: SerializeType = 'JSON';
  /** Body as several buffers, sent one after the other without copying. Exclusive with `body`. */
  bodyParts: readonly Buffer[] | undefined = undefined;
  /** Called once, when the frame's bytes were handed to the socket or dropped; releases what `bodyParts` point at. */
  onReleased: (() => void) | undefined = undefined;

  /**
   * The buffer a decoded header lies in: the read chunk itself, not cut to the header. Hot decoders read the ext
   * fields between `rawExtStart` and `rawExtEnd` without an ext object: ROCKETMQ entries, or for JSON the inside of
   * the `extFields` object (its members, without the braces). `undefined` when there are only objects to read from.
   * It stays valid until {@link forgetBytes}, but keeps the whole chunk alive: copy what is kept.
   */
  rawHeader: Buffer | undefined = undefined;
  /** Offset in `rawHeader` of the first ext entry. */
  rawExtStart = 0;
  /** Offset in `rawHeader` behind the last ext entry; equal to `rawExtStart` when there is none. */
  rawExtEnd = 0;

  #ext: ExtFields | undefined;
  #readExt: ExtFieldsReader | undefined;
  #lent: LentBytes | undefined;

  constructor(code: number, remark: string | undefined, body: Buffer | undefined) {
    this.code = code;
    this.remark = remark;
    this.body = body;
  }

  /** A request; the connection that sends it sets opaque, version, language and codec. */
  static request(code: number, ext?: ExtFields, body?: Buffer): RemotingCommand {
    const command = new RemotingCommand(code, undefined, body);
    command.#ext = ext;
    return command;
  }

  /** A response; the server copies opaque and codec from the request it answers. */
  static response(code: number, remark?: string, ext?: ExtFields, body?: Buffer): RemotingCommand {
    const command = new RemotingCommand(code, remark, body);
    command.flag = responseFlag;
    command.#ext = ext;
    return command;
  }

  /** Decoded on first access; created empty where the command has none. Never has a prototype when decoded. */
  get extFields(): ExtFields {
    if (this.#ext === undefined) {
      const read = this.#readExt;
      this.#ext = read === undefined ? createExtFields() : read(this);
      this.#readExt = undefined;
    }
    return this.#ext;
  }

  set extFields(ext: ExtFields) {
    this.#ext = ext;
    this.#readExt = undefined;
  }

  /** True when the ext fields exist as an object already; hot paths look here before they force them. */
  get hasExtObject(): boolean {
    return this.#ext !== undefined;
  }

  /** The ext fields to encode: `undefined` when the command has none. */
  get extFieldsIfAny(): ExtFields | undefined {
    return this.#ext ?? (this.#readExt === undefined ? undefined : this.extFields);
  }

  /** For codecs: how to read the ext fields when somebody asks for them. */
  set extFieldsReader(reader: ExtFieldsReader) {
    this.#readExt = reader;
  }

  /** For connections: header and body lie in `bytes`, which are held until {@link forgetBytes}. */
  liesIn(bytes: LentBytes): void {
    bytes.hold();
    this.#lent = bytes;
  }

  /**
   * Lets go of ext fields, body and the bytes they were decoded from, which would keep a whole read chunk alive: for whoever
   * keeps a request to answer it later, and has read what it needs of it. Nothing may refer to the bytes any more, parts of
   * the body included: others are read into their place.
   */
  forgetBytes(): void {
    this.#lent?.release();
    this.#lent = undefined;
    this.rawHeader = undefined;
    this.body = undefined;
    this.#ext = undefined;
    this.#readExt = undefined;
  }

  /** Whether {@link responseFlag} is set. */
  get isResponse(): boolean {
    return (this.flag & responseFlag) !== 0;
  }

  /** Whether {@link onewayFlag} is set: the sender waits for no response. */
  get isOneway(): boolean {
    return (this.flag & onewayFlag) !== 0;
  }

  /** Sets {@link onewayFlag}. */
  markOneway(): this {
    this.flag |= onewayFlag;
    return this;
  }
}
