// Bodies of pop consumption and of queue assignment by the broker (5.x, remoting.md 3.10).
import { messageModel } from './heartbeat-data.js';
import {
  bean,
  bytes,
  enumOf,
  int,
  jsonBody,
  list,
  long,
  messageQueue,
  optional,
  or,
  setList,
  table,
  text,
  wire,
  type BodyOf,
} from './shape.js';

const batchAck = bean({
  consumerGroup: wire('c', text),
  topic: wire('t', text),
  /** 0 the topic itself, 1 and 2 its retry topics V1 and V2. */
  retry: wire('r', text),
  /** Queue offset at which the pop began. */
  startOffset: wire('so', long),
  queueId: wire('q', int),
  reviveQueueId: wire('rq', int),
  popTime: wire('pt', long),
  /** From `popTime` on, in which nobody else gets the messages. */
  invisibleTime: wire('it', long),
  /** Little-endian bits: bit i acknowledges `startOffset + i`. */
  bitSet: wire('b', bytes),
});
/** Acknowledgements of messages of one checkpoint; times in ms. Upstream's `BatchAck`, with its one letter keys. */
export type BatchAck = BodyOf<typeof batchAck>;

const batchAckMessageRequestBody = bean({ acks: list(batchAck), brokerName: text });
/** Body of 200151 BATCH_ACK_MESSAGE. */
export type BatchAckMessageRequestBody = BodyOf<typeof batchAckMessageRequestBody>;

const batchAckMessageRequestBodyCodec = jsonBody('BatchAckMessageRequestBody', batchAckMessageRequestBody);
/** Encodes the body of BATCH_ACK_MESSAGE (200151), upstream's `BatchAckMessageRequestBody`. */
export const encodeBatchAckMessageRequestBody = batchAckMessageRequestBodyCodec.encode;
/**
 * Decodes the body of BATCH_ACK_MESSAGE (200151), upstream's `BatchAckMessageRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeBatchAckMessageRequestBody = batchAckMessageRequestBodyCodec.decode;

const queryAssignmentRequestBody = bean({
  clientId: text,
  consumerGroup: text,
  messageModel: or(messageModel, 'CLUSTERING'),
  /** `AVG`, `AVG_BY_CIRCLE`, ... */
  strategyName: optional(text),
  topic: text,
});
/** Body of 400 QUERY_ASSIGNMENT. */
export type QueryAssignmentRequestBody = BodyOf<typeof queryAssignmentRequestBody>;

const queryAssignmentRequestBodyCodec = jsonBody('QueryAssignmentRequestBody', queryAssignmentRequestBody);
/** Encodes the body of QUERY_ASSIGNMENT (400), upstream's `QueryAssignmentRequestBody`. */
export const encodeQueryAssignmentRequestBody = queryAssignmentRequestBodyCodec.encode;
/**
 * Decodes the body of QUERY_ASSIGNMENT (400), upstream's `QueryAssignmentRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQueryAssignmentRequestBody = queryAssignmentRequestBodyCodec.decode;

const messageRequestMode = enumOf('PULL', 'POP');
/** Whether a group fetches by pulling or by popping; upstream's `MessageRequestMode`. */
export type MessageRequestMode = BodyOf<typeof messageRequestMode>;

const messageQueueAssignment = bean({
  attachments: optional(table(text)),
  messageQueue,
  mode: or(messageRequestMode, 'PULL'),
});
/** A queue given to a client, and how it is to fetch from it; upstream's `MessageQueueAssignment`. */
export type MessageQueueAssignment = BodyOf<typeof messageQueueAssignment>;

const queryAssignmentResponseBody = bean({
  messageQueueAssignments: optional(setList(messageQueueAssignment)),
});
/** Answer of 400; without assignments the client keeps what it has. */
export type QueryAssignmentResponseBody = BodyOf<typeof queryAssignmentResponseBody>;

const queryAssignmentResponseBodyCodec = jsonBody('QueryAssignmentResponseBody', queryAssignmentResponseBody);
/** Encodes the body of the answer to QUERY_ASSIGNMENT (400), upstream's `QueryAssignmentResponseBody`. */
export const encodeQueryAssignmentResponseBody = queryAssignmentResponseBodyCodec.encode;
/**
 * Decodes the body of the answer to QUERY_ASSIGNMENT (400), upstream's `QueryAssignmentResponseBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeQueryAssignmentResponseBody = queryAssignmentResponseBodyCodec.decode;

const setMessageRequestModeRequestBody = bean({
  consumerGroup: text,
  mode: or(messageRequestMode, 'PULL'),
  /** Queues shared by how many clients with POP; 0 all. */
  popShareQueueNum: int,
  topic: text,
});
/** Body of 401 SET_MESSAGE_REQUEST_MODE. */
export type SetMessageRequestModeRequestBody = BodyOf<typeof setMessageRequestModeRequestBody>;

const setMessageRequestModeRequestBodyCodec = jsonBody(
  'SetMessageRequestModeRequestBody',
  setMessageRequestModeRequestBody,
);
/** Encodes the body of SET_MESSAGE_REQUEST_MODE (401), upstream's `SetMessageRequestModeRequestBody`. */
export const encodeSetMessageRequestModeRequestBody = setMessageRequestModeRequestBodyCodec.encode;
/**
 * Decodes the body of SET_MESSAGE_REQUEST_MODE (401), upstream's `SetMessageRequestModeRequestBody`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeSetMessageRequestModeRequestBody = setMessageRequestModeRequestBodyCodec.decode;

const messageRequestModeSerializeWrapper = bean({
  messageRequestModeMap: table(table(setMessageRequestModeRequestBody)),
});
/** Answer of 402, and the file `messageRequestMode.json`: by topic and group. */
export type MessageRequestModeSerializeWrapper = BodyOf<typeof messageRequestModeSerializeWrapper>;

const messageRequestModeSerializeWrapperCodec = jsonBody(
  'MessageRequestModeSerializeWrapper',
  messageRequestModeSerializeWrapper,
);
/**
 * Encodes the body of the answer to GET_ALL_MESSAGE_REQUEST_MODE (402) and `config/messageRequestMode.json`,
 * upstream's `MessageRequestModeSerializeWrapper`.
 */
export const encodeMessageRequestModeSerializeWrapper = messageRequestModeSerializeWrapperCodec.encode;
/**
 * Decodes the body of the answer to GET_ALL_MESSAGE_REQUEST_MODE (402) and `config/messageRequestMode.json`,
 * upstream's `MessageRequestModeSerializeWrapper`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeMessageRequestModeSerializeWrapper = messageRequestModeSerializeWrapperCodec.decode;
