import { bean, jsonBody, optional, setList, text, type BodyOf } from './shape.js';

const topicList = bean({ brokerAddr: optional(text), topicList: setList(text) });
/** Answer of 206, 224, 304, 305, 311 to 313 and 343. */
export type TopicList = BodyOf<typeof topicList>;
export const { encode: encodeTopicList, decode: decodeTopicList } = jsonBody('TopicList', topicList);

const groupList = bean({ groupList: setList(text) });
/** Answer of 300. */
export type GroupList = BodyOf<typeof groupList>;
export const { encode: encodeGroupList, decode: decodeGroupList } = jsonBody('GroupList', groupList);
