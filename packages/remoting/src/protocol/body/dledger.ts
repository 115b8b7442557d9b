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

const dLedgerMessageCodec = jsonBody('DLedgerMessage', metadataRequest);
/**
 * Encodes the body of METADATA (50000), and of HEART_BEAT (51002) and its answer: DLedger's `MetadataRequest`,
 * `HeartBeatRequest` and `HeartBeatResponse`.
 */
export const encodeDLedgerMessage = dLedgerMessageCodec.encode;
/**
 * Decodes the body of METADATA (50000), and of HEART_BEAT (51002) and its answer: DLedger's `MetadataRequest`,
 * `HeartBeatRequest` and `HeartBeatResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerMessage = dLedgerMessageCodec.decode;

const metadataResponse = bean({ ...common, peers: table(text) });
/** Addresses by node id. */
export type DLedgerMetadataResponse = BodyOf<typeof metadataResponse>;

const dLedgerMetadataResponseCodec = jsonBody('MetadataResponse', metadataResponse);
/** Encodes the body of the answer to METADATA (50000), DLedger's `MetadataResponse`. */
export const encodeDLedgerMetadataResponse = dLedgerMetadataResponseCodec.encode;
/**
 * Decodes the body of the answer to METADATA (50000), DLedger's `MetadataResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerMetadataResponse = dLedgerMetadataResponseCodec.decode;

const appendRequest = bean({
  ...common,
  /** A batch of entries, in place of `body`. */
  batchMsgs: optional(list(bytes)),
  body: optional(bytes),
});
/** Body of 50001 APPEND: one entry, or a batch. */
export type DLedgerAppendRequest = BodyOf<typeof appendRequest>;

const dLedgerAppendRequestCodec = jsonBody('AppendEntryRequest', appendRequest);
/** Encodes the body of APPEND (50001), DLedger's `AppendEntryRequest` or `BatchAppendEntryRequest`. */
export const encodeDLedgerAppendRequest = dLedgerAppendRequestCodec.encode;
/**
 * Decodes the body of APPEND (50001), DLedger's `AppendEntryRequest` or `BatchAppendEntryRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerAppendRequest = dLedgerAppendRequestCodec.decode;

const appendResponse = bean({ ...common, index: or(long, -1), pos: or(long, -1) });
/** Answer to APPEND (50001): index and file position of the entry, -1 when it was refused. */
export type DLedgerAppendResponse = BodyOf<typeof appendResponse>;

const dLedgerAppendResponseCodec = jsonBody('AppendEntryResponse', appendResponse);
/** Encodes the body of the answer to APPEND (50001), DLedger's `AppendEntryResponse`. */
export const encodeDLedgerAppendResponse = dLedgerAppendResponseCodec.encode;
/**
 * Decodes the body of the answer to APPEND (50001), DLedger's `AppendEntryResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerAppendResponse = dLedgerAppendResponseCodec.decode;

const getRequest = bean({ ...common, beginIndex: long, indexList: optional(list(long)), maxSize: int });
/** Body of 50002 GET. */
export type DLedgerGetRequest = BodyOf<typeof getRequest>;

const dLedgerGetRequestCodec = jsonBody('GetEntriesRequest', getRequest);
/** Encodes the body of GET (50002), DLedger's `GetEntriesRequest`. */
export const encodeDLedgerGetRequest = dLedgerGetRequestCodec.encode;
/**
 * Decodes the body of GET (50002), DLedger's `GetEntriesRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerGetRequest = dLedgerGetRequestCodec.decode;

const pullRequest = bean({ ...common, beginIndex: long, nodeId: optional(text) });
/** Body of 51003 PULL. */
export type DLedgerPullRequest = BodyOf<typeof pullRequest>;

const dLedgerPullRequestCodec = jsonBody('PullEntriesRequest', pullRequest);
/** Encodes the body of PULL (51003), DLedger's `PullEntriesRequest`. */
export const encodeDLedgerPullRequest = dLedgerPullRequestCodec.encode;
/**
 * Decodes the body of PULL (51003), DLedger's `PullEntriesRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerPullRequest = dLedgerPullRequestCodec.decode;

const entriesResponse = bean({ ...common, entries: list(dledgerEntry) });
/** Answer of GET and PULL. */
export type DLedgerEntriesResponse = BodyOf<typeof entriesResponse>;

const dLedgerEntriesResponseCodec = jsonBody('GetEntriesResponse', entriesResponse);
/**
 * Encodes the body of the answer to GET (50002) and PULL (51003), DLedger's `GetEntriesResponse` and
 * `PullEntriesResponse`.
 */
export const encodeDLedgerEntriesResponse = dLedgerEntriesResponseCodec.encode;
/**
 * Decodes the body of the answer to GET (50002) and PULL (51003), DLedger's `GetEntriesResponse` and
 * `PullEntriesResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerEntriesResponse = dLedgerEntriesResponseCodec.decode;

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

const dLedgerPushRequestCodec = jsonBody('PushEntryRequest', pushRequest);
/** Encodes the body of PUSH (51004), DLedger's `PushEntryRequest`. */
export const encodeDLedgerPushRequest = dLedgerPushRequestCodec.encode;
/**
 * Decodes the body of PUSH (51004), DLedger's `PushEntryRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerPushRequest = dLedgerPushRequestCodec.decode;

const pushResponse = bean({ ...common, beginIndex: long, count: int, endIndex: long, index: optional(long) });
/** Answer to PUSH (51004): where the follower's log begins and ends, and the index it answers for. */
export type DLedgerPushResponse = BodyOf<typeof pushResponse>;

const dLedgerPushResponseCodec = jsonBody('PushEntryResponse', pushResponse);
/** Encodes the body of the answer to PUSH (51004), DLedger's `PushEntryResponse`. */
export const encodeDLedgerPushResponse = dLedgerPushResponseCodec.encode;
/**
 * Decodes the body of the answer to PUSH (51004), DLedger's `PushEntryResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerPushResponse = dLedgerPushResponseCodec.decode;

const voteRequest = bean({ ...common, ledgerEndIndex: or(long, -1), ledgerEndTerm: or(long, -1) });
/** Body of 51001 VOTE. */
export type DLedgerVoteRequest = BodyOf<typeof voteRequest>;

const dLedgerVoteRequestCodec = jsonBody('VoteRequest', voteRequest);
/** Encodes the body of VOTE (51001), DLedger's `VoteRequest`. */
export const encodeDLedgerVoteRequest = dLedgerVoteRequestCodec.encode;
/**
 * Decodes the body of VOTE (51001), DLedger's `VoteRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerVoteRequest = dLedgerVoteRequestCodec.decode;

const voteResponse = bean({ ...common, voteResult: or(text, 'UNKNOWN') });
/**
 * Answer to VOTE (51001); `voteResult` is a name of `VoteResponse.RESULT`: `ACCEPT`, `REJECT_EXPIRED_VOTE_TERM`, ...
 */
export type DLedgerVoteResponse = BodyOf<typeof voteResponse>;

const dLedgerVoteResponseCodec = jsonBody('VoteResponse', voteResponse);
/** Encodes the body of the answer to VOTE (51001), DLedger's `VoteResponse`. */
export const encodeDLedgerVoteResponse = dLedgerVoteResponseCodec.encode;
/**
 * Decodes the body of the answer to VOTE (51001), DLedger's `VoteResponse`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerVoteResponse = dLedgerVoteResponseCodec.decode;

const transferRequest = bean({
  ...common,
  takeLeadershipLedgerIndex: long,
  transferId: optional(text),
  transfereeId: optional(text),
});
/** Body of 51005 LEADERSHIP_TRANSFER. */
export type DLedgerTransferRequest = BodyOf<typeof transferRequest>;

const dLedgerTransferRequestCodec = jsonBody('LeadershipTransferRequest', transferRequest);
/** Encodes the body of LEADERSHIP_TRANSFER (51005), DLedger's `LeadershipTransferRequest`. */
export const encodeDLedgerTransferRequest = dLedgerTransferRequestCodec.encode;
/**
 * Decodes the body of LEADERSHIP_TRANSFER (51005), DLedger's `LeadershipTransferRequest`.
 * @throws RemotingError `BAD_BODY` when it is missing or malformed
 */
export const decodeDLedgerTransferRequest = dLedgerTransferRequestCodec.decode;
