import {
  MIN_BATCH_BLOCK_BYTES,
  MessageConst,
  SysFlag,
  UniqIdGenerator,
  compress,
  encodeBatch,
  encodeProperties,
  withCompression,
  withTransactionType,
  type CompressionType,
} from '@mq/remoting/message';
import { isNotAllowedSendTopic, isRetryTopic, wrapNamespace } from '@mq/remoting/protocol';
import type { Clock } from '@mq/remoting';
import { MQClientError, assertArgument } from '../errors.js';
import { assertTopic } from '../names.js';
import { messageTypeOf, type MessageHooks } from '../hooks/message-hooks.js';
import type { HookedMessage } from '../hooks/message-hook.js';
import type { Sending } from '../hooks/sending.js';
import type { PreparedMessage } from './message-sender.js';
import {
  assertOutgoing,
  assertShardingKey,
  bodyOf,
  isDelayed,
  outgoingProperties,
  type OutgoingMessage,
} from './outgoing-message.js';
import type { ProducerSettings } from './producer-options.js';
import { splitBatch } from './split-batch.js';

/** Room left in a batch for what hooks add to the properties of one message (a trace context takes about 100 bytes). */
const HOOK_RESERVE_BYTES = 512;
/** The longest properties text a record can hold, in bytes. */
const MAX_PROPERTIES_BYTES = 32_767;

type PrepareSettings = Pick<
  ProducerSettings,
  'producerGroup' | 'maxMessageSize' | 'compressMsgBodyOverHowmuch' | 'compressType' | 'compressLevel'
>;

interface BatchElement {
  readonly body: Buffer;
  readonly flag: number;
  readonly properties: Record<string, string>;
  readonly sizeBytes: number;
  readonly msgId: string;
}

/**
 * Turns an application's message into what goes on the wire: checks it, gives it its id, compresses it, encodes its
 * properties. Done once a send; every attempt uses the result.
 */
export class MessagePreparer {
  readonly #ids: UniqIdGenerator;

  constructor(
    private readonly settings: PrepareSettings,
    private readonly namespace: string | undefined,
    clock: Clock,
    private readonly hooks?: MessageHooks,
  ) {
    this.#ids = new UniqIdGenerator({ clock });
  }

  /**
   * @param systemProperties of a request, say; they go over those of the message
   * @param shardingKey kept as a property, so that consumers and tools see what decided the queue
   * @throws MQClientError INVALID_ARGUMENT, MESSAGE_ILLEGAL, UNSUPPORTED_COMPRESSION
   */
  prepare(
    message: OutgoingMessage,
    shardingKey?: string,
    systemProperties?: Readonly<Record<string, string>>,
  ): PreparedMessage {
    const body = bodyOf(message);
    assertOutgoing(message, body.length, this.settings.maxMessageSize);
    // Reply topics belong to the cluster, not to a namespace.
    const wireTopic = message.replyTo === undefined ? this.wireTopic(message.topic) : message.topic;
    const properties = outgoingProperties(message);
    if (systemProperties !== undefined) Object.assign(properties, systemProperties);
    if (shardingKey !== undefined) {
      assertShardingKey(shardingKey);
      properties[MessageConst.SHARDING_KEY] = shardingKey;
    }
    if (this.namespace !== undefined) properties[MessageConst.INSTANCE_ID] = this.namespace;
    const msgId = this.#ids.next();
    properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] = msgId;
    const compressed = this.#compressed(body);
    const sending =
      this.hooks === undefined
        ? undefined
        : this.#observe(this.hooks, message.topic, [{ msgId, bodyLength: body.length, properties }]);
    const text = encodeProperties(properties);
    assertPropertiesSize(text, sending);
    return {
      topic: message.topic,
      wireTopic,
      flag: message.flag ?? 0,
      properties: text,
      msgId,
      isBatch: false,
      replyBroker: message.replyTo?.brokerName,
      sending,
      body: compressed.body,
      sysFlag: isHalf(systemProperties)
        ? withTransactionType(compressed.sysFlag, SysFlag.TRANSACTION_PREPARED)
        : compressed.sysFlag,
    };
  }

  /**
   * The requests a batch becomes: each at most `maxBytes` of encoded messages. The batch itself carries no id:
   * 5.3.3 brokers append the batch's properties to every message, where a second UNIQ_KEY would hide the first.
   * @param hasId gives it one all the same, as topics of type BatchCQ need it, where it stays one record
   * @throws MQClientError INVALID_ARGUMENT, MESSAGE_ILLEGAL
   */
  prepareBatch(
    messages: readonly OutgoingMessage[],
    maxBytes: number,
    hasId = false,
  ): { prepared: PreparedMessage; count: number }[] {
    assertArgument(Array.isArray(messages), 'a batch must be a list of messages');
    const first = messages[0];
    assertArgument(first !== undefined, 'a batch needs at least one message');
    const elements = messages.map((message) => this.#batchElement(message, first));
    const wireTopic = this.wireTopic(first.topic);
    const wait = first.waitStoreMsgOk === false ? 'false' : 'true';
    const properties = { [MessageConst.WAIT_STORE_MSG_OK]: wait };
    const ofAll = encodeProperties(properties);
    const ofOne = (): string =>
      encodeProperties({ ...properties, [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX]: this.#ids.next() });
    return splitBatch(
      elements,
      Math.min(maxBytes, this.settings.maxMessageSize),
      (element) => element.sizeBytes,
    ).map((run) => ({
      count: run.length,
      prepared: {
        // Before the encoding, because hooks may add properties.
        sending: this.#observeBatch(first.topic, run),
        topic: first.topic,
        wireTopic,
        body: encodeBatch(run),
        sysFlag: 0,
        flag: 0,
        properties: hasId ? ofOne() : ofAll,
        msgId: run.map((element) => element.msgId).join(','),
        isBatch: true,
      },
    }));
  }

  #batchElement(message: OutgoingMessage, first: OutgoingMessage): BatchElement {
    const body = bodyOf(message);
    assertOutgoing(message, body.length, this.settings.maxMessageSize);
    assertArgument(message.topic === first.topic, 'all messages of a batch must have the same topic');
    assertArgument(!isRetryTopic(message.topic), 'a retry topic cannot be sent to in batches');
    assertArgument(
      (message.waitStoreMsgOk ?? true) === (first.waitStoreMsgOk ?? true),
      'all messages of a batch must have the same waitStoreMsgOk',
    );
    assertArgument(!isDelayed(message), 'a batch cannot hold delayed messages');
    assertArgument(message.replyTo === undefined, 'a batch cannot hold replies');
    const properties = outgoingProperties(message);
    if (this.namespace !== undefined) properties[MessageConst.INSTANCE_ID] = this.namespace;
    const msgId = this.#ids.next();
    properties[MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX] = msgId;
    const propertiesBytes = Buffer.byteLength(encodeProperties(properties), 'utf8');
    if (propertiesBytes > MAX_PROPERTIES_BYTES) throw propertiesTooLong(propertiesBytes);
    const sizeBytes =
      MIN_BATCH_BLOCK_BYTES +
      body.length +
      propertiesBytes +
      (this.hooks === undefined ? 0 : HOOK_RESERVE_BYTES);
    return { body, flag: message.flag ?? 0, properties, sizeBytes, msgId };
  }

  #observeBatch(topic: string, run: readonly BatchElement[]): Sending | undefined {
    if (this.hooks === undefined) return undefined;
    const messages = run.map(({ msgId, body, properties }) => ({
      msgId,
      bodyLength: body.length,
      properties,
    }));
    return this.#observe(this.hooks, topic, messages);
  }

  #observe(hooks: MessageHooks, topic: string, messages: readonly HookedMessage[]): Sending {
    const messageType = messageTypeOf((messages[0] as HookedMessage).properties);
    return hooks.beginSend({ topic, producerGroup: this.settings.producerGroup, messageType, messages });
  }

  /** The topic as brokers know it. @throws MQClientError INVALID_ARGUMENT for one that only brokers write to */
  wireTopic(topic: string): string {
    assertArgument(!isNotAllowedSendTopic(topic), `topic "${topic}" belongs to the system`);
    if (this.namespace === undefined) return topic;
    const wireTopic = wrapNamespace(this.namespace, topic);
    // The name alone was short enough.
    if (!isRetryTopic(wireTopic)) assertTopic(wireTopic);
    return wireTopic;
  }

  /**
   * Compressed when large enough, unless that makes it larger (upstream sends it all the same, and brokers refuse the largest
   * bodies then). Synchronous, so that sends keep their order.
   */
  #compressed(body: Buffer): { body: Buffer; sysFlag: number } {
    if (body.length < this.settings.compressMsgBodyOverHowmuch) return { body, sysFlag: 0 };
    const { compressType, compressLevel } = this.settings;
    const compressed = compressedBy(compressType, body, compressLevel);
    if (compressed.length >= body.length) return { body, sysFlag: 0 };
    return { body: compressed, sysFlag: withCompression(0, compressType) };
  }
}

/** @throws MQClientError UNSUPPORTED_COMPRESSION when the package for it is not installed */
function compressedBy(type: CompressionType, body: Buffer, level: number): Buffer {
  try {
    return compress(type, body, level);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MQClientError('UNSUPPORTED_COMPRESSION', reason, { cause });
  }
}

function isHalf(systemProperties: Readonly<Record<string, string>> | undefined): boolean {
  return systemProperties?.[MessageConst.TRANSACTION_PREPARED] === 'true';
}

function assertPropertiesSize(text: string, sending: Sending | undefined): void {
  // Most texts are short: a UTF-16 unit is at most three bytes.
  if (text.length * 3 <= MAX_PROPERTIES_BYTES) return;
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= MAX_PROPERTIES_BYTES) return;
  const error = propertiesTooLong(bytes);
  sending?.end({ error });
  throw error;
}

function propertiesTooLong(bytes: number): MQClientError {
  return new MQClientError(
    'MESSAGE_ILLEGAL',
    `the properties take ${bytes} bytes, more than ${MAX_PROPERTIES_BYTES}`,
  );
}
