import { bean, jsonBody, optional, setList, text, type BodyOf } from './shape.js';

const topicList = bean({ brokerAddr: optional(text), topicList: setList(text) });
/** Answer of 206, 224, 304, 305, 311 to 313 and 343. */
export type TopicList = BodyOf<typeof topicList>;
/**
 * Body of the answers to requests for topic names, such as GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206): upstream's
 * `TopicList`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeTopicList, decode: decodeTopicList } = jsonBody('TopicList', topicList);

const groupList = bean({ groupList: setList(text) });
/** Answer of 300. */
export type GroupList = BodyOf<typeof groupList>;
/**
 * Body of the answer to QUERY_TOPIC_CONSUME_BY_WHO (300): upstream's `GroupList`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeGroupList, decode: decodeGroupList } = jsonBody('GroupList', groupList);
