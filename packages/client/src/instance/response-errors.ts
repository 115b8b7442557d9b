import { RemotingError, isRemotingError, type RemotingCommand } from '@mq/remoting';
import { ResponseCode } from '@mq/remoting/protocol';
import { MQClientError, type MQClientErrorCode, type MQClientErrorDetail } from '../errors.js';

/** Who was asked, for the error. */
export interface Peer {
  readonly address?: string;
  readonly brokerName?: string;
}

interface Meaning {
  readonly code: MQClientErrorCode;
  readonly retryable: boolean;
}

/** What a refusal means to the caller. Codes not listed are SERVER_REFUSED, not worth a retry. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [ResponseCode.SYSTEM_ERROR, { code: 'SERVER_REFUSED', retryable: true }],
  [ResponseCode.SYSTEM_BUSY, { code: 'BROKER_BUSY', retryable: true }],
  [ResponseCode.SERVICE_NOT_AVAILABLE, { code: 'BROKER_BUSY', retryable: true }],
  [ResponseCode.FLOW_CONTROL, { code: 'BROKER_BUSY', retryable: true }],
  [ResponseCode.GO_AWAY, { code: 'BROKER_BUSY', retryable: true }],
  [ResponseCode.MESSAGE_ILLEGAL, { code: 'MESSAGE_ILLEGAL', retryable: false }],
  [ResponseCode.NO_PERMISSION, { code: 'NO_PERMISSION', retryable: false }],
  [ResponseCode.TOPIC_NOT_EXIST, { code: 'TOPIC_NOT_FOUND', retryable: true }],
  [ResponseCode.SUBSCRIPTION_PARSE_FAILED, { code: 'SUBSCRIPTION_REFUSED', retryable: false }],
  [ResponseCode.SUBSCRIPTION_NOT_EXIST, { code: 'SUBSCRIPTION_REFUSED', retryable: true }],
  [ResponseCode.SUBSCRIPTION_NOT_LATEST, { code: 'SUBSCRIPTION_REFUSED', retryable: true }],
  [ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, { code: 'SUBSCRIPTION_REFUSED', retryable: false }],
  [ResponseCode.FILTER_DATA_NOT_EXIST, { code: 'SUBSCRIPTION_REFUSED', retryable: true }],
  [ResponseCode.FILTER_DATA_NOT_LATEST, { code: 'SUBSCRIPTION_REFUSED', retryable: true }],
]);

/** The error for a response whose code means no. The one place that maps response codes to error codes. */
export function errorFromResponse(action: string, response: RemotingCommand, peer: Peer): MQClientError {
  const meaning = MEANINGS.get(response.code) ?? { code: 'SERVER_REFUSED' as const, retryable: false };
  const where = peer.brokerName ?? peer.address ?? 'server';
  const remark = response.remark ?? 'no reason given';
  return new MQClientError(
    meaning.code,
    `${action} refused by ${where} with code ${response.code}: ${remark}`,
    {
      responseCode: response.code,
      retryable: meaning.retryable,
      ...peer,
    },
  );
}

/** The error for a topic that no NameServer knows. */
export function noRoute(topic: string): MQClientError {
  return new MQClientError(
    'TOPIC_NOT_FOUND',
    `the NameServer has no route for topic "${topic}": create it (mqadmin updateTopic), or check that its broker registers there`,
  );
}

/** The error for a request that brought no response. The one place that maps transport errors to error codes. */
export function errorFromRemoting(action: string, error: unknown, peer: Peer): MQClientError {
  if (error instanceof MQClientError) return error;
  const detail: MQClientErrorDetail = { cause: error, ...peer };
  const where = peer.brokerName ?? peer.address ?? 'server';
  const reason = error instanceof Error ? error.message : String(error);
  const code = isRemotingError(error) ? clientCodeOf(error) : 'BAD_RESPONSE';
  return new MQClientError(code, `${action} at ${where} failed: ${reason}`, detail);
}

function clientCodeOf(error: RemotingError): MQClientErrorCode {
  switch (error.code) {
    case 'TIMEOUT':
      return 'TIMEOUT';
    case 'ABORTED':
      return 'ABORTED';
    case 'CONNECT_FAILED':
    case 'SEND_FAILED':
    case 'CLOSED':
    case 'TLS':
      return 'CONNECTION_FAILED';
    case 'TOO_MANY_REQUESTS':
      return 'BROKER_BUSY';
    case 'UNSUPPORTED_COMPRESSION':
      return 'UNSUPPORTED_COMPRESSION';
    case 'BAD_ARGUMENT':
      return 'INVALID_ARGUMENT';
    case 'BAD_FRAME':
    case 'BAD_HEADER':
    case 'BAD_BODY':
    case 'RESPONSE':
      return 'BAD_RESPONSE';
  }
}
