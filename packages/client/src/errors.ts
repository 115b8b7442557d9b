/**
 * The one error class of this package and its closed set of codes. Match on `code` (never on the message or with
 * `instanceof` across packages); `retryable` says whether the same call can succeed later without being changed.
 */
export type MQClientErrorCode =
  /** The caller's mistake: an option, message or name is not valid. Never retried. */
  | 'INVALID_ARGUMENT'
  /** The client was not started, or `start()` did not complete. */
  | 'NOT_STARTED'
  /** The client was closed, or is closing. */
  | 'CLOSED'
  /** The `signal` given to the call fired. A send may still have reached the broker. */
  | 'ABORTED'
  /** The time given to the call ran out. A send is then *indefinite*: it may have been stored. */
  | 'TIMEOUT'
  /** A request was stored, but its reply did not come in time. Whoever replies may be at work on it. */
  | 'REPLY_TIMEOUT'
  /** No connection to the peer, or it broke. A send may have been stored. */
  | 'CONNECTION_FAILED'
  /** No NameServer answered. */
  | 'NAME_SERVER_UNREACHABLE'
  /** The NameServer has no route for the topic and it cannot be created from the default topic. */
  | 'TOPIC_NOT_FOUND'
  /** The topic has a route, but no queue that may be written (or read) now. */
  | 'NO_QUEUE_AVAILABLE'
  /** The route names no address for the broker of that queue. */
  | 'BROKER_NOT_FOUND'
  /** The broker or this client refused the message itself: size, topic, properties. */
  | 'MESSAGE_ILLEGAL'
  /** The broker refused for lack of permission, or authentication failed. */
  | 'NO_PERMISSION'
  /** The broker is overloaded, flow-controlled or not able to write now. */
  | 'BROKER_BUSY'
  /** The consumer group, its subscription or its filter expression is not accepted by the broker. */
  | 'SUBSCRIPTION_REFUSED'
  /** The group has committed no offset for that queue, and the default was not asked for. */
  | 'OFFSET_NOT_FOUND'
  /** Any other refusal of a server: see `responseCode`. */
  | 'SERVER_REFUSED'
  /** The peer's answer could not be understood. */
  | 'BAD_RESPONSE'
  /** An optional package for this compression is not installed, or its data is damaged. */
  | 'UNSUPPORTED_COMPRESSION'
  /** Reading or writing a local offset file failed. */
  | 'LOCAL_STORE_FAILED';

/** Codes whose cause may go away on its own. */
const RETRYABLE: ReadonlySet<MQClientErrorCode> = new Set<MQClientErrorCode>([
  'TIMEOUT',
  'REPLY_TIMEOUT',
  'CONNECTION_FAILED',
  'NAME_SERVER_UNREACHABLE',
  'TOPIC_NOT_FOUND',
  'NO_QUEUE_AVAILABLE',
  'BROKER_NOT_FOUND',
  'BROKER_BUSY',
]);

/** What is known about a failure besides its code. */
export interface MQClientErrorDetail {
  /** What was caught, if anything. */
  readonly cause?: unknown;
  /** Response code of the server (`ResponseCode`), when a server refused. */
  readonly responseCode?: number;
  /** Name of the broker concerned. */
  readonly brokerName?: string;
  /** "host:port" of the peer. */
  readonly address?: string;
  /** Overrides what the code says; the server's word counts more than ours. */
  readonly retryable?: boolean;
}

/** Every error this package throws or rejects with. */
export class MQClientError extends Error {
  override readonly name = 'MQClientError';
  /** What went wrong; match on this. */
  readonly code: MQClientErrorCode;
  /** Whether the same call, unchanged, can succeed later. */
  readonly retryable: boolean;
  /** Response code of the server (`ResponseCode`), when a server refused. */
  readonly responseCode: number | undefined;
  /** Name of the broker concerned, where one is. */
  readonly brokerName: string | undefined;
  /** "host:port" of the peer, where one is concerned. */
  readonly address: string | undefined;

  constructor(code: MQClientErrorCode, message: string, detail: MQClientErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retryable = detail.retryable ?? RETRYABLE.has(code);
    this.responseCode = detail.responseCode;
    this.brokerName = detail.brokerName;
    this.address = detail.address;
  }
}

/** Throws the caller's mistake unless `condition` holds. */
export function assertArgument(condition: boolean, message: string): asserts condition {
  if (!condition) throw new MQClientError('INVALID_ARGUMENT', message);
}

/** True for this package's errors, also for those of another copy of it. */
export function isMQClientError(error: unknown): error is MQClientError {
  return error instanceof Error && error.name === 'MQClientError' && 'code' in error;
}
