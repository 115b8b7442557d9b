// 222 INVOKE_BROKER_TO_RESET_OFFSET: moves a group to a time or an offset.
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  type MessageQueue,
  type MessageQueueForC,
  MQVersion,
  RequestCode,
  ResetOffsetRequestHeader,
  ResponseCode,
  type TopicConfig,
  encodeResetOffsetBody,
  encodeResetOffsetBodyForC,
  versionName,
} from '@mq/remoting/protocol';
import type { BrokerParts } from '../../broker-parts.js';
import { RequestRefused } from '../../request-refused.js';
import { found } from './answer.js';
import { queueOf } from './queue-of.js';

/** offset of the header: by time, not by offset. */
const BY_TIME = -1;

type OffsetTable = Map<MessageQueue, number>;

/**
 * With useServerSideResetOffset (5.2, the default) the broker keeps the new offsets and hands each to the next pull of its
 * queue, so that nobody needs to be online. Without it, the members of the group are told and move by themselves.
 */
export function invokeBrokerToResetOffset(parts: BrokerParts): RequestProcessor {
  return async (request, { connection }) => {
    const header = ResetOffsetRequestHeader.decode(request.extFields);
    const { topic, group } = header;
    parts.logger.info('offset reset asked for', { address: connection.remoteAddress, ...header });
    const config = parts.topicConfig.select(topic);
    if (config === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} does not exist`);
    const offsetTable = parts.settings.broker.useServerSideResetOffset
      ? await resetInBroker(parts, config, header)
      : await resetInClients(parts, config, header, request.language === 'CPP');
    parts.logger.info('offset reset', { topic, group, queues: offsetTable.size });
    return found(encodeResetOffsetBody({ offsetTable }));
  };
}

async function resetInBroker(
  parts: BrokerParts,
  config: TopicConfig,
  header: ResetOffsetRequestHeader,
): Promise<OffsetTable> {
  const { topic, group, timestamp } = header;
  const queueId = header.queueId ?? -1;
  if (parts.identity.brokerId !== 0) {
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'Can not reset offset in slave broker');
  }
  if (!parts.subscriptionGroups.has(group)) {
    throw new RequestRefused(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`);
  }
  if (queueId >= config.readQueueNums || config.readQueueNums === 0) {
    throw new RequestRefused(
      ResponseCode.SYSTEM_ERROR,
      `No queues to reset: ${topic} has ${config.readQueueNums}.`,
    );
  }
  const offsets = new Map<number, number>();
  if (queueId >= 0 && header.offset !== undefined && header.offset !== BY_TIME) {
    offsets.set(queueId, checkedOffset(parts, topic, queueId, header.offset));
  } else {
    const queueIds = queueId >= 0 ? [queueId] : Array.from({ length: config.readQueueNums }, (_, id) => id);
    for (const id of queueIds) offsets.set(id, await offsetByTime(parts, topic, id, timestamp));
  }
  const offsetTable: OffsetTable = new Map();
  for (const [id, offset] of offsets) {
    parts.consumerOffsets.assignResetOffset(topic, group, id, offset);
    parts.pullHolds.wakeQueue(topic, id);
    parts.pop.offsetWasReset(topic, group, id);
    offsetTable.set(queueOf(parts, topic, id), offset);
  }
  return offsetTable;
}

function checkedOffset(parts: BrokerParts, topic: string, queueId: number, offset: number): number {
  const min = parts.store.minOffsetInQueue(topic, queueId);
  const max = parts.store.maxOffsetInQueue(topic, queueId);
  if (offset >= min && offset <= max + 1) return offset;
  throw new RequestRefused(
    ResponseCode.SYSTEM_ERROR,
    `Target offset ${offset} not in consume queue range [${min}-${max}]`,
  );
}

/** Upstream `Broker2Client#resetOffset`, what 4.x brokers do. */
async function resetInClients(
  parts: BrokerParts,
  config: TopicConfig,
  header: ResetOffsetRequestHeader,
  isCpp: boolean,
): Promise<OffsetTable> {
  const { topic, group, timestamp, isForce } = header;
  const offsetTable: OffsetTable = new Map();
  for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
    const current = parts.consumerOffsets.query(group, topic, queueId);
    if (current < 0)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `THe consumer group <${group}> not exist`);
    const target = await offsetByTime(parts, topic, queueId, timestamp);
    offsetTable.set(queueOf(parts, topic, queueId), isForce ? target : Math.min(target, current));
  }
  const members = [...(parts.consumers.groupInfo(group)?.channels.values() ?? [])];
  if (members.length === 0) {
    throw new RequestRefused(
      ResponseCode.CONSUMER_NOT_ONLINE,
      `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`,
    );
  }
  const tooOld = members.find(({ version }) => version < MQVersion.V3_0_7_SNAPSHOT);
  if (tooOld !== undefined) {
    const version = versionName(tooOld.version);
    throw new RequestRefused(
      ResponseCode.SYSTEM_ERROR,
      `the client does not support this feature. version=${version}`,
    );
  }
  const body = isCpp
    ? encodeResetOffsetBodyForC({ offsetTable: forCpp(offsetTable) })
    : encodeResetOffsetBody({ offsetTable });
  const ext = ResetOffsetRequestHeader.encode({ topic, group, timestamp, isForce });
  for (const { connection } of members) {
    parts.toClient.oneway(
      connection,
      RemotingCommand.request(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, ext, body),
    );
  }
  return offsetTable;
}

/** A negative time means the end of the queue. */
async function offsetByTime(
  parts: BrokerParts,
  topic: string,
  queueId: number,
  timestamp: number,
): Promise<number> {
  if (timestamp < 0) return parts.store.maxOffsetInQueue(topic, queueId);
  return Math.max(0, await parts.store.offsetInQueueByTime(topic, queueId, timestamp));
}

/** C++ clients read a list of flat objects. */
function forCpp(offsetTable: OffsetTable): MessageQueueForC[] {
  return Array.from(offsetTable, ([queue, offset]) => ({ ...queue, offset }));
}
