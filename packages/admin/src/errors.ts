// What goes wrong in this package, as one class with a closed set of codes.
import { isRemotingError } from '@mq/remoting';
import { ResponseCode, responseCodeName } from '@mq/remoting/protocol';
import { isMQClientError } from '@mq/client';

/** Match on this, never on the message. */
export type AdminErrorCode =
  /** The caller's mistake: a name, number or address that cannot be. */
  | 'INVALID_ARGUMENT'
  /** The operation needs a NameServer and none was given. */
  | 'NO_NAME_SERVER'
  /** No connection to the server, or it broke. Whether the server did the work is unknown. */
  | 'CONNECTION_FAILED'
  /** No answer in time. Whether the server did the work is unknown. */
  | 'TIMEOUT'
  /** No NameServer has a route for the topic. */
  | 'TOPIC_NOT_FOUND'
  | 'CLUSTER_NOT_FOUND'
  /** No broker of that name or address is registered, or its group has no master. */
  | 'BROKER_NOT_FOUND'
  /** No server has anything of that name. */
  | 'NOT_FOUND'
  /** No client of the group is connected. */
  | 'GROUP_NOT_ONLINE'
  /** The group consumes in broadcast mode: its offsets are with its members. */
  | 'BROADCAST_GROUP'
  /** The query found nothing. */
  | 'NO_MESSAGE'
  /** The server does not know the request. */
  | 'NOT_SUPPORTED'
  /** Any other refusal of a server: see `responseCode`. */
  | 'SERVER_REFUSED'
  /** The server's answer cannot be understood. */
  | 'BAD_RESPONSE'
  /** The `MQAdmin` was closed. */
  | 'CLOSED';

/** Codes whose cause may go away on its own. */
const RETRYABLE: ReadonlySet<AdminErrorCode> = new Set<AdminErrorCode>(['CONNECTION_FAILED', 'TIMEOUT']);

/** Response codes that mean the same whatever was asked. */
const CODE_OF_RESPONSE: ReadonlyMap<number, AdminErrorCode> = new Map<number, AdminErrorCode>([
  [ResponseCode.TOPIC_NOT_EXIST, 'TOPIC_NOT_FOUND'],
  [ResponseCode.CONSUMER_NOT_ONLINE, 'GROUP_NOT_ONLINE'],
  [ResponseCode.BROADCAST_CONSUMPTION, 'BROADCAST_GROUP'],
  [ResponseCode.NO_MESSAGE, 'NO_MESSAGE'],
  [ResponseCode.REQUEST_CODE_NOT_SUPPORTED, 'NOT_SUPPORTED'],
]);

const RETRYABLE_RESPONSES: ReadonlySet<number> = new Set<number>([
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.FLOW_CONTROL,
]);

/** What an `AdminError` says besides its sentence. */
export interface AdminErrorDetail {
  /** What was caught, if anything. */
  readonly cause?: unknown;
  /** The server's response code. */
  readonly responseCode?: number;
  /** "host:port" of the server, broker or NameServer. */
  readonly brokerAddr?: string;
  /** The server's own words. */
  readonly remark?: string;
  /** Default: what the code says. */
  readonly retryable?: boolean;
}

/** Every error this package throws or rejects with. The message is a sentence for a person. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  /** What went wrong; match on this. */
  readonly code: AdminErrorCode;
  /** The server's response code, when a server refused. */
  readonly responseCode: number | undefined;
  /** "host:port" of the server, broker or NameServer, where one is concerned. */
  readonly brokerAddr: string | undefined;
  /** The server's own words, when it said any. */
  readonly remark: string | undefined;
  /** Whether the same call, unchanged, can succeed later. */
  readonly retryable: boolean;

  constructor(code: AdminErrorCode, message: string, detail: AdminErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.responseCode = detail.responseCode;
    this.brokerAddr = detail.brokerAddr;
    this.remark = detail.remark;
    this.retryable = detail.retryable ?? RETRYABLE.has(code);
  }
}

/** True for this package's errors, also for those of another copy of it. */
export function isAdminError(error: unknown): error is AdminError {
  return error instanceof Error && error.name === 'AdminError' && 'code' in error;
}

/** What a refusal says: the server's own words on one line, where it gave any. */
export function refusal(address: string, responseCode: number, remark: string | undefined): AdminError {
  const name = responseCodeName(responseCode);
  const words = oneLine(remark ?? '');
  return new AdminError(
    CODE_OF_RESPONSE.get(responseCode) ?? 'SERVER_REFUSED',
    `${words === '' ? 'the server gave no reason' : words} (${name}, ${responseCode}, from ${address})`,
    { responseCode, brokerAddr: address, remark: words, retryable: RETRYABLE_RESPONSES.has(responseCode) },
  );
}

/** Any error as one of ours: those of @mq/remoting and @mq/client are translated, a defect passes through. */
export function asAdminError(error: unknown, address?: string): unknown {
  const brokerAddr = address === undefined ? {} : { brokerAddr: address };
  if (isRemotingError(error)) {
    const at = error.address === undefined ? brokerAddr : { brokerAddr: error.address };
    return new AdminError(codeOfRemoting(error.code), error.message, { cause: error, ...at });
  }
  if (isMQClientError(error)) {
    return new AdminError(codeOfClient(error.code), oneLine(error.message), {
      cause: error,
      retryable: error.retryable,
      ...(error.responseCode === undefined ? {} : { responseCode: error.responseCode }),
      ...(error.address === undefined ? brokerAddr : { brokerAddr: error.address }),
    });
  }
  return error;
}

function codeOfRemoting(code: string): AdminErrorCode {
  switch (code) {
    case 'TIMEOUT':
      return 'TIMEOUT';
    case 'BAD_FRAME':
    case 'BAD_HEADER':
    case 'BAD_BODY':
      return 'BAD_RESPONSE';
    case 'BAD_ARGUMENT':
      return 'INVALID_ARGUMENT';
    default:
      return 'CONNECTION_FAILED';
  }
}

function codeOfClient(code: string): AdminErrorCode {
  switch (code) {
    case 'INVALID_ARGUMENT':
    case 'MESSAGE_ILLEGAL':
      return 'INVALID_ARGUMENT';
    case 'CLOSED':
    case 'TIMEOUT':
    case 'BAD_RESPONSE':
    case 'TOPIC_NOT_FOUND':
    case 'BROKER_NOT_FOUND':
      return code;
    case 'CONNECTION_FAILED':
    case 'NAME_SERVER_UNREACHABLE':
      return 'CONNECTION_FAILED';
    default:
      return 'SERVER_REFUSED';
  }
}

/** Java servers put a pointer to their FAQ behind a line break; a sentence ends before it. */
function oneLine(text: string): string {
  const [words = ''] = text.split(/\n(?:See|For more information)/);
  return words.replace(/\s+/g, ' ').trim();
}
