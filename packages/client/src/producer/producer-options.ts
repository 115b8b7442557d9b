import type { CompressionType } from '@mq/remoting/message';
import { SystemTopic } from '@mq/remoting/protocol';
import type { ObservationOptions } from '../hooks/message-hook.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { assertGroup } from '../names.js';
import { oneOf, wholeNumber, type ClientOptions } from '../options.js';

/** Settings of a producer. Names are upstream's (DefaultMQProducer); times are milliseconds. */
export interface ProducerOptions extends ClientOptions, ObservationOptions {
  /** Producers that do the same share a group. Letters, digits, `%|_-`, at most 255. */
  producerGroup: string;
  /** A client to share; its own options then count and those of `ClientOptions` here do not. Closed by its owner. */
  client?: ClientInstance;
  /** Limit of one send, retries included. Default 3000. */
  sendMsgTimeoutMs?: number;
  /** Limit of one attempt while others remain; 0: none. Default 0. */
  sendMsgMaxTimeoutPerRequestMs?: number;
  /** Further attempts on other brokers after a failure. Default 2. */
  retryTimesWhenSendFailed?: number;
  /** Also try another broker when the message was stored but not flushed or copied in time. Default false. */
  retryAnotherBrokerWhenNotStoreOK?: boolean;
  /** Bodies of at least so many bytes are compressed. Default 4096. */
  compressMsgBodyOverHowmuch?: number;
  /** How they are compressed. LZ4 and ZSTD need an optional package, and consumers of 4.9.4 or newer. Default 'ZLIB'. */
  compressType?: CompressionType;
  /** Effort of the compression: of ZLIB 1 to 9, of ZSTD 1 to 22; LZ4 has one only. Default 5. */
  compressLevel?: number;
  /** Largest body, and largest batch, in bytes. Default 4194304 (4 MiB), the brokers' own default. */
  maxMessageSize?: number;
  /** Avoid brokers that answer slowly or fail, for a while. Default false. */
  sendLatencyFaultEnable?: boolean;
  /** Topic whose route an unknown topic borrows; the broker then creates it. Default "TBW102". */
  createTopicKey?: string;
  /** Queues on each broker of a topic created so. Default 4. */
  defaultTopicQueueNums?: number;
}

/** The settings of a producer, checked and complete. */
export interface ProducerSettings {
  readonly producerGroup: string;
  readonly sendMsgTimeoutMs: number;
  readonly maxTimeoutPerRequestMs: number;
  readonly retryTimesWhenSendFailed: number;
  readonly retryAnotherBrokerWhenNotStoreOK: boolean;
  readonly compressMsgBodyOverHowmuch: number;
  readonly compressType: CompressionType;
  readonly compressLevel: number;
  readonly maxMessageSize: number;
  readonly sendLatencyFaultEnable: boolean;
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
}

const INT_MAX = 2 ** 31 - 1;

const COMPRESSION_TYPES: readonly CompressionType[] = ['ZLIB', 'LZ4', 'ZSTD'];
/** LZ4 takes what ZLIB takes: its library has one level. */
const MAX_LEVEL: Readonly<Record<CompressionType, number>> = { ZLIB: 9, LZ4: 9, ZSTD: 22 };

/** Checks the options and fills in the defaults. @throws MQClientError INVALID_ARGUMENT */
export function resolveProducerOptions(options: ProducerOptions): ProducerSettings {
  assertGroup('producerGroup', options.producerGroup);
  const compressType = oneOf('compressType', options.compressType, 'ZLIB', COMPRESSION_TYPES);
  return {
    producerGroup: options.producerGroup,
    sendMsgTimeoutMs: wholeNumber('sendMsgTimeoutMs', options.sendMsgTimeoutMs, 3_000, 1, INT_MAX),
    maxTimeoutPerRequestMs: wholeNumber(
      'sendMsgMaxTimeoutPerRequestMs',
      options.sendMsgMaxTimeoutPerRequestMs,
      0,
      0,
      INT_MAX,
    ),
    retryTimesWhenSendFailed: wholeNumber(
      'retryTimesWhenSendFailed',
      options.retryTimesWhenSendFailed,
      2,
      0,
      100,
    ),
    retryAnotherBrokerWhenNotStoreOK: options.retryAnotherBrokerWhenNotStoreOK ?? false,
    compressMsgBodyOverHowmuch: wholeNumber(
      'compressMsgBodyOverHowmuch',
      options.compressMsgBodyOverHowmuch,
      4_096,
      0,
      INT_MAX,
    ),
    compressType,
    compressLevel: wholeNumber('compressLevel', options.compressLevel, 5, 1, MAX_LEVEL[compressType]),
    maxMessageSize: wholeNumber('maxMessageSize', options.maxMessageSize, 4 * 1024 * 1024, 1, INT_MAX),
    sendLatencyFaultEnable: options.sendLatencyFaultEnable ?? false,
    defaultTopic: options.createTopicKey ?? SystemTopic.AUTO_CREATE,
    defaultTopicQueueNums: wholeNumber('defaultTopicQueueNums', options.defaultTopicQueueNums, 4, 1, 65_535),
  };
}
