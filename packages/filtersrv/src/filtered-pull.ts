// 11 PULL_MESSAGE of a consumer in class filter mode (upstream: DefaultRequestProcessor#pullMessageForward): pulls from the
// broker for it, and hands on the records that its code says yes to, byte for byte.
import { isUtf8 } from 'node:buffer';

import { type RemotingClient, RemotingCommand, type RequestProcessor } from '@mq/remoting';
import { decodeRecords, type MessageExt, recordSize } from '@mq/remoting/message';
import {
  PullMessageRequestHeader,
  PullSysFlag,
  RequestCode,
  ResponseCode,
  SUB_ALL,
  SystemGroup,
} from '@mq/remoting/protocol';

import type { FilterClass, FilterClassTable } from './filter-class-table.js';
import { type FilteredMessage, SandboxError } from './sandbox.js';

/** Beyond the time that the broker may hold a pull. */
const ANSWER_WITHIN_MS = 10_000;

export interface FilteredPullParts {
  readonly client: RemotingClient;
  readonly classes: FilterClassTable;
  readonly settings: { readonly connectWhichBroker: string; readonly brokerSuspendMaxTimeMillis: number };
}

export function filteredPull(parts: FilteredPullParts): RequestProcessor {
  return async (request) => {
    const header = PullMessageRequestHeader.decode(request.extFields);
    const { consumerGroup, topic } = header;
    const filterClass = parts.classes.find(consumerGroup, topic);
    if (filterClass === undefined) {
      return RemotingCommand.response(ResponseCode.SYSTEM_ERROR, 'Find Filter class failed, not registered');
    }
    const answer = await pullFromBroker(parts, header);
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) {
      return RemotingCommand.response(answer.code, answer.remark, answer.extFields);
    }
    try {
      const body = await filtered(answer.body, filterClass);
      const code = body.length === 0 ? ResponseCode.PULL_RETRY_IMMEDIATELY : ResponseCode.SUCCESS;
      const remark = body.length === 0 ? 'the filter lets none of them through' : answer.remark;
      return RemotingCommand.response(code, remark, answer.extFields, body.length === 0 ? undefined : body);
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      const code = error.reason === 'BUSY' ? ResponseCode.SYSTEM_BUSY : ResponseCode.SYSTEM_ERROR;
      const remark = `do Message Filter Exception, ConsumerGroup: ${consumerGroup} Topic: ${topic} ${error.message}`;
      return RemotingCommand.response(code, remark);
    }
  };
}

/** In the name of the filter servers' own group: offsets of the consumer's are committed by the consumer, at the broker. */
function pullFromBroker(
  { client, settings }: FilteredPullParts,
  header: PullMessageRequestHeader,
): Promise<RemotingCommand> {
  const isHeld = (header.sysFlag & PullSysFlag.FLAG_SUSPEND) !== 0;
  const suspendTimeoutMillis = isHeld
    ? Math.min(header.suspendTimeoutMillis, settings.brokerSuspendMaxTimeMillis)
    : 0;
  const ext = PullMessageRequestHeader.encode({
    consumerGroup: SystemGroup.FILTERSRV_CONSUMER,
    topic: header.topic,
    queueId: header.queueId,
    queueOffset: header.queueOffset,
    maxMsgNums: header.maxMsgNums,
    sysFlag: PullSysFlag.FLAG_SUBSCRIPTION | (isHeld ? PullSysFlag.FLAG_SUSPEND : 0),
    commitOffset: 0,
    suspendTimeoutMillis,
    subscription: SUB_ALL,
    subVersion: 0,
  });
  const command = RemotingCommand.request(RequestCode.PULL_MESSAGE, ext);
  const timeoutMs = suspendTimeoutMillis + ANSWER_WITHIN_MS;
  return client.request(settings.connectWhichBroker, command, { timeoutMs });
}

/** The records of a body that the code says yes to. A record that cannot be read is handed on: the consumer is to see it. */
async function filtered(body: Buffer, { sandbox }: FilterClass): Promise<Buffer> {
  const records: Buffer[] = [];
  const messages: FilteredMessage[] = [];
  const kept: boolean[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const size = recordSize(body, at);
    if (size <= 0 || at + size > body.length) break;
    const record = body.subarray(at, at + size);
    const [message] = decodeRecords(record, { onUnreadable: () => undefined });
    kept.push(message === undefined);
    records.push(record);
    if (message !== undefined) messages.push(seen(message));
    at += size;
  }
  const wanted = await sandbox.match(messages);
  let next = 0;
  return Buffer.concat(records.filter((_, index) => kept[index] === true || wanted[next++] === true));
}

function seen(message: MessageExt): FilteredMessage {
  const {
    topic,
    queueId,
    queueOffset,
    flag = 0,
    bornTimestamp,
    storeTimestamp,
    reconsumeTimes,
    body,
  } = message;
  const text = isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') };
  const properties = { ...message.properties };
  return {
    topic,
    queueId,
    queueOffset,
    flag,
    bornTimestamp,
    storeTimestamp,
    reconsumeTimes,
    properties,
    ...text,
  };
}
