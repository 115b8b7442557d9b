// Bodies between DLedger peers (dledger 0.3.1.2, `io.openmessaging.storage.dledger.protocol`). Requests and responses
// carry their own code, 200 when all is well; the frame's header says nothing.
import {
  bean,
  bytes,
  enumOf,
  flag,
  int,
  jsonBody,
  list,
  long,
  optional,
  or,
  table,
  text,
  type BodyOf,
} from './shape.js';

const common = {
  code: or(int, 200),
  group: optional(text),
  leaderId: optional(text),
  localId: optional(text),
  remoteId: optional(text),
  term: or(long, -1),
};

/** One entry of the log; `pos` is where it stands in the file. */
const dledgerEntry = bean({
  body: bytes,
  bodyCrc: int,
  chainCrc: int,
  channel: int,
  index: long,
  magic: int,
  pos: long,
  size: int,
  term: long,
});
/**
 * One entry of the log, `body` as it was appended; `pos` is where it stands in the file. Upstream's `DLedgerEntry`.
 */
export type DLedgerEntry = BodyOf<typeof dledgerEntry>;

const metadataRequest = bean(common);
/** Body of 50000 METADATA, and of 51002 HEART_BEAT both ways. */
export type DLedgerMessage = BodyOf<typeof metadataRequest>;
/**
 * Body of METADATA (50000), and of HEART_BEAT (51002) both ways: upstream's `MetadataRequest` and the heart beat's
 * two classes. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeDLedgerMessage, decode: decodeDLedgerMessage } = jsonBody(
  'DLedgerMessage',
  metadataRequest,
);

const metadataResponse = bean({ ...common, peers: table(text) });
/** Addresses by node id. */
export type DLedgerMetadataResponse = BodyOf<typeof metadataResponse>;
/** Body of the answer to METADATA (50000): upstream's `MetadataResponse`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerMetadataResponse, decode: decodeDLedgerMetadataResponse } = jsonBody(
  'MetadataResponse',
  metadataResponse,
);

const appendRequest = bean({ ...common, batchMsgs: optional(list(bytes)), body: optional(bytes) });
/** Body of 50001 APPEND: one entry, or a batch. */
export type DLedgerAppendRequest = BodyOf<typeof appendRequest>;
/**
 * Body of APPEND (50001): upstream's `AppendEntryRequest` or `BatchAppendEntryRequest`. Decoding throws
 * RemotingError `BAD_BODY`.
 */
export const { encode: encodeDLedgerAppendRequest, decode: decodeDLedgerAppendRequest } = jsonBody(
  'AppendEntryRequest',
  appendRequest,
);

const appendResponse = bean({ ...common, index: or(long, -1), pos: or(long, -1) });
/** Answer to APPEND (50001): index and file position of the entry, -1 when it was refused. */
export type DLedgerAppendResponse = BodyOf<typeof appendResponse>;
/**
 * Body of the answer to APPEND (50001): upstream's `AppendEntryResponse`. Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeDLedgerAppendResponse, decode: decodeDLedgerAppendResponse } = jsonBody(
  'AppendEntryResponse',
  appendResponse,
);

const getRequest = bean({ ...common, beginIndex: long, indexList: optional(list(long)), maxSize: int });
/** Body of 50002 GET. */
export type DLedgerGetRequest = BodyOf<typeof getRequest>;
/** Body of GET (50002): upstream's `GetEntriesRequest`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerGetRequest, decode: decodeDLedgerGetRequest } = jsonBody(
  'GetEntriesRequest',
  getRequest,
);

const pullRequest = bean({ ...common, beginIndex: long, nodeId: optional(text) });
/** Body of 51003 PULL. */
export type DLedgerPullRequest = BodyOf<typeof pullRequest>;
/** Body of PULL (51003): upstream's `PullEntriesRequest`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerPullRequest, decode: decodeDLedgerPullRequest } = jsonBody(
  'PullEntriesRequest',
  pullRequest,
);

const entriesResponse = bean({ ...common, entries: list(dledgerEntry) });
/** Answer of GET and PULL. */
export type DLedgerEntriesResponse = BodyOf<typeof entriesResponse>;
/**
 * Body of the answer to GET (50002) and PULL (51003): upstream's `GetEntriesResponse` and `PullEntriesResponse`.
 * Decoding throws RemotingError `BAD_BODY`.
 */
export const { encode: encodeDLedgerEntriesResponse, decode: decodeDLedgerEntriesResponse } = jsonBody(
  'GetEntriesResponse',
  entriesResponse,
);

const pushRequest = bean({
  ...common,
  batch: flag,
  batchEntry: list(dledgerEntry),
  commitIndex: or(long, -1),
  count: int,
  entry: optional(dledgerEntry),
  firstEntryIndex: long,
  lastEntryIndex: long,
  totalSize: int,
  type: or(enumOf('APPEND', 'COMMIT', 'COMPARE', 'TRUNCATE', 'INSTALL_SNAPSHOT'), 'APPEND'),
});
/** Body of 51004 PUSH. */
export type DLedgerPushRequest = BodyOf<typeof pushRequest>;
/** Body of PUSH (51004): upstream's `PushEntryRequest`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerPushRequest, decode: decodeDLedgerPushRequest } = jsonBody(
  'PushEntryRequest',
  pushRequest,
);

const pushResponse = bean({ ...common, beginIndex: long, count: int, endIndex: long, index: optional(long) });
/** Answer to PUSH (51004): where the follower's log begins and ends, and the index it answers for. */
export type DLedgerPushResponse = BodyOf<typeof pushResponse>;
/** Body of the answer to PUSH (51004): upstream's `PushEntryResponse`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerPushResponse, decode: decodeDLedgerPushResponse } = jsonBody(
  'PushEntryResponse',
  pushResponse,
);

const voteRequest = bean({ ...common, ledgerEndIndex: or(long, -1), ledgerEndTerm: or(long, -1) });
/** Body of 51001 VOTE. */
export type DLedgerVoteRequest = BodyOf<typeof voteRequest>;
/** Body of VOTE (51001): upstream's `VoteRequest`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerVoteRequest, decode: decodeDLedgerVoteRequest } = jsonBody(
  'VoteRequest',
  voteRequest,
);

const voteResponse = bean({ ...common, voteResult: or(text, 'UNKNOWN') });
/**
 * Answer to VOTE (51001); `voteResult` is a name of `VoteResponse.RESULT`: `ACCEPT`, `REJECT_EXPIRED_VOTE_TERM`, ...
 */
export type DLedgerVoteResponse = BodyOf<typeof voteResponse>;
/** Body of the answer to VOTE (51001): upstream's `VoteResponse`. Decoding throws RemotingError `BAD_BODY`. */
export const { encode: encodeDLedgerVoteResponse, decode: decodeDLedgerVoteResponse } = jsonBody(
  'VoteResponse',
  voteResponse,
);

const transferRequest = bean({
  ...common,
  takeLeadershipLedgerIndex: long,
  transferId: optional(text),
  transfereeId: optional(text),
});
/** Body of 51005 LEADERSHIP_TRANSFER. */
export type DLedgerTransferRequest = BodyOf<typeof transferRequest>;
/**
 * Body of LEADERSHIP_TRANSFER (51005): upstream's `LeadershipTransferRequest`. Decoding throws RemotingError
 * `BAD_BODY`.
 */
export const { encode: encodeDLedgerTransferRequest, decode: decodeDLedgerTransferRequest } = jsonBody(
  'LeadershipTransferRequest',
  transferRequest,
);
