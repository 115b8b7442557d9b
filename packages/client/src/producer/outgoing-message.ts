import { types } from 'node:util';
import { MessageConst } from '@mq/remoting/message';
import { MixAll } from '@mq/remoting/protocol';
import { MQClientError, assertArgument } from '../errors.js';
import { assertTopic } from '../names.js';

/** Whom a reply is for. */
export interface ReplyAddress {
  /** The requester, as brokers know it. */
  readonly clientId: string;
  /** Which of its requests. */
  readonly correlationId: string;
  /** What the requester waits in all, milliseconds. */
  readonly ttlMs: number;
  /** The broker the request came through: the requester is known there. */
  readonly brokerName: string;
}

/** A message to send. Everything but `topic` and `body` is optional. */
export interface OutgoingMessage {
  /** Without namespace: the producer adds its own. */
  topic: string;
  /** Text is sent as UTF-8. At most `maxMessageSize` bytes. */
  body: string | Uint8Array;
  /** One tag, what consumers filter by. */
  tags?: string;
  /** Keys to find the message by. A key holds no space: a text with spaces is several keys. */
  keys?: string | readonly string[];
  /** The application's own properties. Values may not be empty nor hold U+0001 or U+0002; system names are refused. */
  properties?: Readonly<Record<string, string>>;
  /**
   * Delivered after the broker's level of that number, 1 to 18 by default (1s 5s 10s 30s 1m ...), the highest for numbers
   * above. 0: at once. Exclusive with the other delays.
   */
  delayLevel?: number;
  /**
   * Delivered after so many milliseconds, up to three days (the broker's `timerMaxDelaySec`), and then within about a
   * second (`timerPrecisionMs`), never before. Brokers from 5.0 on; older ones deliver at once. Exclusive with the other
   * delays.
   */
  delayMs?: number;
  /** As `delayMs`, in seconds. */
  delaySec?: number;
  /** Delivered at this time, milliseconds since 1970, as `delayMs`; one that has passed: at once. */
  deliverTimestampMs?: number;
  /** The application's own 32-bit number. Default 0. */
  flag?: number;
  /** False: the broker acknowledges before flush and replication. Default true. */
  waitStoreMsgOk?: boolean;
  /** The request that this answers; `createReply` fills it in. */
  replyTo?: ReplyAddress;
}

/** What the system itself writes; upstream refuses these names to applications (MessageConst.STRING_HASH_SET). */
const RESERVED_PROPERTIES: ReadonlySet<string> = new Set<string>(Object.values(MessageConst));
const FORBIDDEN_CHARACTERS = /[\u0001\u0002]/;

/** The body of a message as bytes, see {@link bodyBytes}. @throws MQClientError INVALID_ARGUMENT for what is no message */
export function bodyOf(message: OutgoingMessage): Buffer {
  assertArgument(
    typeof message === 'object' && message !== null,
    `a message must be an object with topic and body, not ${kindOf(message)}`,
  );
  return bodyBytes(message.body);
}

/**
 * A body as bytes; a Uint8Array is used as it is, without a copy.
 * @throws MQClientError INVALID_ARGUMENT for what is neither
 */
export function bodyBytes(body: string | Uint8Array): Buffer {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (Buffer.isBuffer(body)) return body;
  assertArgument(
    types.isUint8Array(body),
    `the body must be text or a Uint8Array, not ${kindOf(body)}; JSON.stringify makes text of a value`,
  );
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}

/**
 * Refuses a message that no broker would take.
 * @throws MQClientError INVALID_ARGUMENT, MESSAGE_ILLEGAL
 */
export function assertOutgoing(message: OutgoingMessage, bodyLength: number, maxMessageSize: number): void {
  assertTopic(message.topic);
  assertArgument(
    message.flag === undefined || message.flag === (message.flag | 0),
    `flag must be a whole number of 32 bits, not ${String(message.flag)}`,
  );
  if (bodyLength === 0) throw new MQClientError('MESSAGE_ILLEGAL', 'the message has no body');
  if (bodyLength > maxMessageSize) {
    const reason = `the message body has ${bodyLength} bytes, more than maxMessageSize ${maxMessageSize}`;
    throw new MQClientError('MESSAGE_ILLEGAL', reason);
  }
}

/**
 * The properties as they travel: the application's, then tags, keys, delay, WAIT. Insertion order is the order on the wire.
 * @throws MQClientError INVALID_ARGUMENT naming the property
 */
export function outgoingProperties(message: OutgoingMessage): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const name in message.properties) {
    const value = message.properties[name] as string;
    assertArgument(
      name.length > 0 && !RESERVED_PROPERTIES.has(name),
      `the property name "${name}" is reserved`,
    );
    assertText(`property "${name}"`, value);
    assertArgument(
      !FORBIDDEN_CHARACTERS.test(name),
      `the property name ${JSON.stringify(name)} holds a separator`,
    );
    properties[name] = value;
  }
  if (message.keys !== undefined) setKeys(properties, message.keys);
  if (message.tags !== undefined && message.tags !== '') {
    assertText('tags', message.tags);
    properties[MessageConst.TAGS] = message.tags;
  }
  properties[MessageConst.WAIT_STORE_MSG_OK] = message.waitStoreMsgOk === false ? 'false' : 'true';
  setDelay(properties, message);
  if (message.replyTo !== undefined) setReplyTo(properties, message.replyTo);
  return properties;
}

function setKeys(properties: Record<string, string>, keys: string | readonly string[]): void {
  if (typeof keys !== 'string') assertKeys(keys);
  const text = typeof keys === 'string' ? keys : keys.join(' ');
  if (text.length === 0) return;
  assertText('keys', text);
  properties[MessageConst.KEYS] = text;
}

function assertKeys(keys: readonly string[]): void {
  assertArgument(Array.isArray(keys), 'keys must be text or a list of texts');
  for (const key of keys) {
    assertText('a key', key);
    assertArgument(!key.includes(' '), `the key "${key}" holds a space, which would make two keys of it`);
  }
}

function setReplyTo(properties: Record<string, string>, replyTo: ReplyAddress): void {
  properties[MessageConst.MESSAGE_TYPE] = MixAll.REPLY_MESSAGE_FLAG;
  properties[MessageConst.CORRELATION_ID] = replyTo.correlationId;
  properties[MessageConst.MESSAGE_REPLY_TO_CLIENT] = replyTo.clientId;
  properties[MessageConst.MESSAGE_TTL] = String(replyTo.ttlMs);
}

/** @throws MQClientError INVALID_ARGUMENT for a sharding key that is no text, or could not travel as a property */
export function assertShardingKey(key: string): void {
  assertArgument(typeof key === 'string', `shardingKey must be text, not ${kindOf(key)}`);
  assertArgument(!FORBIDDEN_CHARACTERS.test(key), 'shardingKey may not hold U+0001 or U+0002');
}

/** Whether a message is to be delivered later. */
export function isDelayed({ delayLevel, delayMs, delaySec, deliverTimestampMs }: OutgoingMessage): boolean {
  return Boolean(delayLevel) || (delayMs ?? delaySec ?? deliverTimestampMs) !== undefined;
}

function setDelay(properties: Record<string, string>, message: OutgoingMessage): void {
  const { delayLevel, delayMs, delaySec, deliverTimestampMs } = message;
  const delays = [delayLevel || undefined, delayMs, delaySec, deliverTimestampMs];
  const given = delays.filter((value) => value !== undefined);
  if (given.length === 0) return;
  assertArgument(given.length === 1, 'give only one of delayLevel, delayMs, delaySec and deliverTimestampMs');
  assertArgument(
    Number.isSafeInteger(given[0]) && (given[0] as number) >= 0,
    'a delay must be a whole number, 0 or more',
  );
  if (delayLevel) properties[MessageConst.DELAY_TIME_LEVEL] = String(delayLevel);
  else if (delaySec !== undefined) properties[MessageConst.TIMER_DELAY_SEC] = String(delaySec);
  else if (delayMs !== undefined) properties[MessageConst.TIMER_DELAY_MS] = String(delayMs);
  else if (deliverTimestampMs !== undefined)
    properties[MessageConst.TIMER_DELIVER_MS] = String(deliverTimestampMs);
}

function assertText(what: string, value: unknown): void {
  assertArgument(typeof value === 'string' && value.length > 0, `${what} must be text that is not empty`);
  assertArgument(!FORBIDDEN_CHARACTERS.test(value), `${what} may not hold U+0001 or U+0002`);
}
