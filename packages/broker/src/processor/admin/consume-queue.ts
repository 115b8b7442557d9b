// 321 QUERY_CONSUME_QUEUE: the entries of a queue as they are on disk, and what a group's filter says to those with bits
// (upstream: AdminBrokerProcessor#queryConsumeQueue).
import { RemotingCommand, type RequestProcessor } from '@mq/remoting';
import {
  type ConsumeQueueData,
  QueryConsumeQueueRequestHeader,
  ResponseCode,
  type SubscriptionData,
  encodeQueryConsumeQueueResponseBody,
  isTagType,
  stringifyFastjson,
} from '@mq/remoting/protocol';
import type { ConsumeQueueEntry, MessageFilter } from '@mq/store';
import type { BrokerParts } from '../../broker-parts.js';
import { filterDataJson } from '../../filter/consumer-filter-file.js';
import { tagFilter } from '../../filter/tag-filter.js';
import { RequestRefused } from '../../request-refused.js';

/** Entries of one answer at most. */
const MAX_ENTRIES = 4096;

/** What the group that was asked about subscribes to; `accepts` is absent when it is not online. */
interface GroupView {
  readonly subscriptionData?: SubscriptionData;
  readonly filterData?: string;
  readonly accepts?: (entry: ConsumeQueueEntry) => boolean;
}

/** Beyond the range of the queue there is a remark, and, unlike upstream, a body: it says where the queue begins and ends. */
export function queryConsumeQueue(parts: BrokerParts): RequestProcessor {
  return async (request) => {
    const header = QueryConsumeQueueRequestHeader.decode(request.extFields);
    const { topic = '', queueId = 0, index = 0, consumerGroup } = header;
    const { store } = parts;
    if (!store.queueIds(topic).includes(queueId)) {
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`);
    }
    const minQueueIndex = store.minOffsetInQueue(topic, queueId);
    const maxQueueIndex = store.maxOffsetInQueue(topic, queueId);
    const isInRange = index >= minQueueIndex && index < maxQueueIndex;
    const count = Math.max(0, Math.min(header.count ?? 0, MAX_ENTRIES));
    const entries = isInRange ? await store.consumeQueueEntries(topic, queueId, index, count) : [];
    const { accepts, ...group } = viewOf(parts, consumerGroup, topic);
    const queueData = entries
      // A record of a batch counts as the messages it holds.
      .filter(({ queueOffset }) => queueOffset - index < count)
      .map((entry) => describe(entry, accepts));
    const body = encodeQueryConsumeQueueResponseBody({ maxQueueIndex, minQueueIndex, queueData, ...group });
    const remark = isInRange ? undefined : `Index ${index} of ${queueId}@${topic} is not exist!`;
    return RemotingCommand.response(ResponseCode.SUCCESS, remark, undefined, body);
  };
}

/** As upstream, only entries with an extended one are judged; `eval` of the others is false. */
function describe(entry: ConsumeQueueEntry, accepts: GroupView['accepts']): ConsumeQueueData {
  const { commitLogOffset, sizeBytes, tagsCode, extension } = entry;
  const plain = { eval: false, physicOffset: commitLogOffset, physicSize: sizeBytes, tagsCode };
  if (extension === undefined) return plain;
  const { unit, address } = extension;
  if (unit === undefined) return { ...plain, tagsCode: address, msg: `Cq extend not exist!addr: ${address}` };
  const { filterBitMap, storeTimestamp } = unit;
  const extendDataJson = stringifyFastjson({
    filterBitMap: filterBitMap?.toString('base64'),
    msgStoreTime: storeTimestamp,
    size: unit.sizeBytes,
    tagsCode: unit.tagsCode,
  });
  return {
    ...plain,
    eval: accepts?.(entry) ?? false,
    extendDataJson,
    ...(filterBitMap === undefined ? {} : { bitMap: bitsText(filterBitMap) }),
  };
}

/** The last bit first, a line behind every eighth byte and the first one (upstream: BitsArray#toString). */
function bitsText(bits: Buffer): string {
  let text = '';
  for (let at = bits.length - 1; at >= 0; at--) {
    text += bits[at]!.toString(2).padStart(8, '0');
    if (at % 8 === 0) text += '\n';
  }
  return text;
}

function viewOf(parts: BrokerParts, group: string | undefined, topic: string): GroupView {
  if (group === undefined) return {};
  const subscriptionData = parts.consumers.findSubscription(group, topic);
  if (subscriptionData === undefined) return { filterData: `${group}@${topic} is not online!` };
  const data = parts.filters.get(topic, group);
  const ofData = data && parts.filters.filterOfData(data);
  const filter = isTagType(subscriptionData.expressionType) ? tagFilter(subscriptionData) : ofData;
  return {
    subscriptionData,
    filterData: filterDataJson(data),
    accepts: (entry) => isLetThrough(entry, filter),
  };
}

/** By the entry alone: what bits and hashes let through, the message itself may still be refused for. */
function isLetThrough(
  { tagsCode, extension }: ConsumeQueueEntry,
  filter: MessageFilter | undefined,
): boolean {
  if (filter === undefined) return true;
  if (!filter.matchesTagsCode(tagsCode)) return false;
  const unit = extension?.unit;
  if (unit?.filterBitMap === undefined) return true;
  return filter.matchesBitMap?.(unit.filterBitMap, unit.storeTimestamp) ?? true;
}
