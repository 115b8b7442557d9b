import { bean, jsonBody, optional, setList, text, type BodyOf } from './shape.js';

const topicList = bean({
  /** With 304 from a NameServer: a broker that knows more, `ip:port`. */
  brokerAddr: optional(text),
  topicList: setList(text),
});
/** Answer of 206, 224, 304, 305, 311 to 313 and 343. */
export type TopicList = BodyOf<typeof topicList>;

const topicListCodec = jsonBody('TopicList', topicList);
/**
 * Encodes the body of the answers to requests for topic names: 206, 224, 304, 305, 311 to 313 and 343. Upstream's
 * `TopicList`.
 */
export const encodeTopicList = topicListCodec.encode;
/**
 * Decodes the body of the answers to requests for topic names: 206, 224, 304, 305, 311 to 313 and 343. Upstream's
 * `TopicList`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeTopicList = topicListCodec.decode;

const groupList = bean({ groupList: setList(text) });
/** Answer of 300. */
export type GroupList = BodyOf<typeof groupList>;

const groupListCodec = jsonBody('GroupList', groupList);
/** Encodes the body of the answer to QUERY_TOPIC_CONSUME_BY_WHO (300), upstream's `GroupList`. */
export const encodeGroupList = groupListCodec.encode;
/**
 * Decodes the body of the answer to QUERY_TOPIC_CONSUME_BY_WHO (300), upstream's `GroupList`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeGroupList = groupListCodec.decode;
