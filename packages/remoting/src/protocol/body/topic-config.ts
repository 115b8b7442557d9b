import { RemotingError } from '../../errors.js';
import { parseFastjson } from '../fastjson-reader.js';
import { stringifyFastjson } from '../fastjson-writer.js';
import { PermName } from '../perm.js';
import { dataVersionOrZero } from './data-version.js';
import {
  bean,
  decodeShape,
  enumOf,
  flag,
  int,
  jsonBody,
  list,
  optional,
  or,
  table,
  text,
  type BodyOf,
} from './shape.js';
import {
  topicQueueMappingDetail,
  topicQueueMappingDetailTable,
  topicQueueMappingInfoTable,
} from './topic-queue-mapping.js';

/** Whether a message of the topic has one tag or several; upstream's `TopicFilterType`. */
export type TopicFilterType = 'SINGLE_TAG' | 'MULTI_TAG';
const topicFilterType = enumOf('SINGLE_TAG', 'MULTI_TAG');

const topicConfigMembers = {
  /** Keys as in 17 without their `+`: `message.type`, `queue.type`, ... Empty from 4.x. */
  attributes: table(text),
  /** For messages in order: its route says how many queues each broker has. */
  order: flag,
  /** Bits of `PermName`. */
  perm: or(int, 6),
  readQueueNums: or(int, 16),
  topicFilterType: or(topicFilterType, 'SINGLE_TAG'),
  topicName: text,
  /** Bits of `TopicSysFlag`. */
  topicSysFlag: int,
  writeQueueNums: or(int, 16),
};

export const topicConfig = bean(topicConfigMembers);
/** A topic as its broker holds it. */
export type TopicConfig = BodyOf<typeof topicConfig>;

/**
 * A topic as upstream's `TopicConfig` constructor makes it, with as many queues for reading as for writing.
 * @param perm bits of `PermName`; default: both
 */
export function newTopicConfig(
  topicName: string,
  queueNums: number,
  perm: number = PermName.PERM_READ | PermName.PERM_WRITE,
): TopicConfig {
  return {
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

const topicConfigCodec = jsonBody('TopicConfig', topicConfig);
/** Encodes one topic as JSON, a part of GET_ALL_TOPIC_CONFIG (21): upstream's `TopicConfig`. */
export const encodeTopicConfig = topicConfigCodec.encode;
/**
 * Decodes one topic as JSON, a part of GET_ALL_TOPIC_CONFIG (21): upstream's `TopicConfig`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicConfig = topicConfigCodec.decode;

const topicConfigAndQueueMapping = bean({
  ...topicConfigMembers,
  /** Of a static topic; absent from others. */
  mappingDetail: optional(topicQueueMappingDetail),
});
/** Answer of 351 GET_TOPIC_CONFIG. */
export type TopicConfigAndQueueMapping = BodyOf<typeof topicConfigAndQueueMapping>;

const topicConfigAndQueueMappingCodec = jsonBody('TopicConfigAndQueueMapping', topicConfigAndQueueMapping);
/** Encodes the body of the answer to GET_TOPIC_CONFIG (351), upstream's `TopicConfigAndQueueMapping`. */
export const encodeTopicConfigAndQueueMapping = topicConfigAndQueueMappingCodec.encode;
/**
 * Decodes the body of the answer to GET_TOPIC_CONFIG (351), upstream's `TopicConfigAndQueueMapping`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicConfigAndQueueMapping = topicConfigAndQueueMappingCodec.decode;

export const topicConfigSerializeWrapper = bean({
  dataVersion: dataVersionOrZero,
  topicConfigTable: table(topicConfig),
  /** 5.x, in answers and registrations, not in `topics.json`. */
  mappingDataVersion: optional(dataVersionOrZero),
  topicQueueMappingDetailMap: optional(topicQueueMappingDetailTable),
  topicQueueMappingInfoMap: optional(topicQueueMappingInfoTable),
});
/** The topic table: answer of 21 GET_ALL_TOPIC_CONFIG, part of 103 REGISTER_BROKER, and the file `topics.json`. */
export type TopicConfigSerializeWrapper = BodyOf<typeof topicConfigSerializeWrapper>;

const topicConfigSerializeWrapperCodec = jsonBody('TopicConfigSerializeWrapper', topicConfigSerializeWrapper);
/**
 * Encodes the body of the answer to GET_ALL_TOPIC_CONFIG (21) and `config/topics.json`: upstream's
 * `TopicConfigAndMappingSerializeWrapper`, in 4.x `TopicConfigSerializeWrapper`.
 */
export const encodeTopicConfigSerializeWrapper = topicConfigSerializeWrapperCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_TOPIC_CONFIG (21) and `config/topics.json`: upstream's
 * `TopicConfigAndMappingSerializeWrapper`, in 4.x `TopicConfigSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicConfigSerializeWrapper = topicConfigSerializeWrapperCodec.decode;

const createTopicListRequestBody = bean({ topicConfigList: list(topicConfig) });
/** Body of 18 UPDATE_AND_CREATE_TOPIC_LIST (5.3). */
export type CreateTopicListRequestBody = BodyOf<typeof createTopicListRequestBody>;

const createTopicListRequestBodyCodec = jsonBody('CreateTopicListRequestBody', createTopicListRequestBody);
/** Encodes the body of UPDATE_AND_CREATE_TOPIC_LIST (18), upstream's `CreateTopicListRequestBody`. */
export const encodeCreateTopicListRequestBody = createTopicListRequestBodyCodec.encode;
/**
 * Decodes the body of UPDATE_AND_CREATE_TOPIC_LIST (18), upstream's `CreateTopicListRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeCreateTopicListRequestBody = createTopicListRequestBodyCodec.decode;

/**
 * The line a compressed registration holds: `name read write perm filterType {attributes}`. It has neither
 * topicSysFlag nor order, and an attribute with a space in it is lost on Java's side.
 */
export function encodeTopicConfigLine(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, attributes } = topic;
  return [
    topicName,
    readQueueNums,
    writeQueueNums,
    perm,
    topic.topicFilterType,
    stringifyFastjson(attributes),
  ].join(' ');
}

/**
 * Reads the line of a topic in a compressed registration; upstream's `TopicConfig.decode`.
 * @throws RemotingError `BAD_BODY` for fewer than five parts or a part that cannot be read; attributes that cannot are
 * none.
 */
export function decodeTopicConfigLine(line: string): TopicConfig {
  const [topicName, readQueueNums, writeQueueNums, perm, topicFilterType, ...rest] = line.split(' ');
  if (topicFilterType === undefined)
    throw new RemotingError('BAD_BODY', `TopicConfig: the line "${line}" has too few parts`);
  return decodeShape('TopicConfig', topicConfig, {
    ...{ topicName, readQueueNums, writeQueueNums, perm, topicFilterType },
    attributes: attributesOf(rest.join(' ')),
  });
}

function attributesOf(json: string): unknown {
  if (json === '') return {};
  try {
    return parseFastjson(json);
  } catch {
    return {};
  }
}
