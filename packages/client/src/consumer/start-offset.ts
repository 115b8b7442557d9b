import { isRetryTopic, type ConsumeFromWhere, type MessageQueue } from '@mq/remoting/protocol';
import type { ClientInstance } from '../instance/client-instance.js';
import type { OffsetStore } from '../offset/offset-store.js';

/** Age of the first message wanted when CONSUME_FROM_TIMESTAMP names no time. */
const DEFAULT_TIMESTAMP_AGE_MS = 30 * 60_000;

/**
 * Where a consumer begins in a queue: at the group's offset, or, when it has none, where `consumeFromWhere` says. Upstream:
 * RebalancePushImpl.computePullFromWhereWithException.
 * @throws MQClientError when the offset cannot be known now; beginning anywhere would skip or repeat messages
 */
export async function startOffset(
  client: ClientInstance,
  store: OffsetStore,
  queue: MessageQueue,
  where: { consumeFromWhere: ConsumeFromWhere; consumeTimestampMs: number | undefined },
): Promise<number> {
  const stored = await store.readFromStore(queue);
  if (stored >= 0) return stored;
  const options = { timeoutMs: client.requestTimeoutMs };
  const isRetry = isRetryTopic(queue.topic);
  switch (where.consumeFromWhere) {
    case 'CONSUME_FROM_FIRST_OFFSET':
      // The broker's answer to the first pull corrects it to the first offset there is.
      return 0;
    case 'CONSUME_FROM_TIMESTAMP': {
      const broker = await client.masterOf(queue);
      if (isRetry) return client.brokers.maxOffset(broker, queue, options);
      const timestamp = where.consumeTimestampMs ?? client.clock.now() - DEFAULT_TIMESTAMP_AGE_MS;
      return client.brokers.searchOffset(broker, queue, timestamp, options);
    }
    default:
      return isRetry ? 0 : client.brokers.maxOffset(await client.masterOf(queue), queue, options);
  }
}
