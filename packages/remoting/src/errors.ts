/** What went wrong, from a closed set; match on this, never on the message. */
export type RemotingErrorCode =
  /** The connection could not be made (refused, unreachable, timed out, or still in back-off after a failure). */
  | 'CONNECT_FAILED'
  /** The bytes could not be handed to the connection. */
  | 'SEND_FAILED'
  /** No response in time. Whether the peer did the work is unknown. */
  | 'TIMEOUT'
  /** The connection, or the client, was closed before the response came. Whether the peer did the work is unknown. */
  | 'CLOSED'
  /** A bound on requests in flight was reached; nothing was sent. */
  | 'TOO_MANY_REQUESTS'
  /** Bytes that are no frame; the connection they came on is closed. */
  | 'BAD_FRAME'
  /** A header field is missing or cannot be read; the message names it. */
  | 'BAD_HEADER'
  /** A body cannot be read. */
  | 'BAD_BODY'
  /** The caller's signal was aborted. */
  | 'ABORTED'
  /** The TLS settings or the handshake. */
  | 'TLS'
  /** The compression of a message needs a package that is not installed; the message names it. */
  | 'UNSUPPORTED_COMPRESSION'
  /** The caller passed something that can never work (an address without a port, a body and body parts). */
  | 'BAD_ARGUMENT'
  /** The peer answered with a code that means failure; `responseCode` has it. */
  | 'RESPONSE';

/** What a `RemotingError` carries besides its code and its sentence. */
export interface RemotingErrorDetails {
  /** `ip:port` of the peer. */
  address?: string;
  /** The protocol's response code: what the peer sent, or what a handler wants sent. */
  responseCode?: number;
  /** Whether trying again (elsewhere or later) can help; the default follows the code. */
  retryable?: boolean;
  /** The address is in back-off after a failure: it was not tried, and will not be before so many ms are over. */
  retryAfterMs?: number;
  /** What was caught, if anything. */
  cause?: unknown;
}

const retryableCodes: ReadonlySet<RemotingErrorCode> = new Set([
  'CONNECT_FAILED',
  'SEND_FAILED',
  'TIMEOUT',
  'CLOSED',
  'TOO_MANY_REQUESTS',
]);

/**
 * The one error class of this package. Thrown by a request handler, `responseCode` (default SYSTEM_ERROR) and the
 * message become the response the peer sees.
 */
export class RemotingError extends Error {
  /** What went wrong; match on this. */
  readonly code: RemotingErrorCode;
  /** Whether trying again (elsewhere or later) can help. */
  readonly retryable: boolean;
  /** `ip:port` of the peer; absent when no peer is concerned. */
  readonly address?: string;
  /** The protocol's response code; absent when the peer sent none. */
  readonly responseCode?: number;
  /** CONNECT_FAILED in back-off: the address is not tried again before so many ms are over; else absent. */
  readonly retryAfterMs?: number;

  constructor(code: RemotingErrorCode, message: string, details: RemotingErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'RemotingError';
    this.code = code;
    this.retryable = details.retryable ?? retryableCodes.has(code);
    if (details.address !== undefined) this.address = details.address;
    if (details.responseCode !== undefined) this.responseCode = details.responseCode;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
  }
}

/** True for an error of this package, also one from another copy of it. */
export function isRemotingError(error: unknown): error is RemotingError {
  return error instanceof Error && error.name === 'RemotingError' && 'code' in error;
}

/** What to tell a peer or a log about something thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
