// How the broker shares queues among the members of a group (upstream: QueryAssignmentProcessor, AllocateMessageQueue*).
import type { MessageQueue } from '@mq/remoting/protocol';

/** Given sorted queues and sorted client ids, the queues of `clientId`. */
export type Allocate = (
  clientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
) => MessageQueue[];

/** Neighbouring queues, the first clients one more where it does not come out even. */
const averagely: Allocate = (clientId, queues, clientIds) => {
  const index = clientIds.indexOf(clientId);
  if (index < 0) return [];
  const more = queues.length % clientIds.length;
  const least = Math.floor(queues.length / clientIds.length);
  const start = index * least + Math.min(index, more);
  return queues.slice(start, start + least + (index < more ? 1 : 0));
};

/** One queue each in turn. */
const byCircle: Allocate = (clientId, queues, clientIds) => {
  const index = clientIds.indexOf(clientId);
  return index < 0 ? [] : queues.filter((_queue, at) => at % clientIds.length === index);
};

/** Strategies a broker knows, by the name a client asks for. */
export const strategies: ReadonlyMap<string, Allocate> = new Map([
  ['AVG', averagely],
  ['AVG_BY_CIRCLE', byCircle],
]);

/**
 * The queues a client pops. With `popShareQueueNum` 0 or less, or as many as there are other clients, it pops any queue of
 * every broker (queueId -1); else its own and those of the next `popShareQueueNum` clients.
 */
export function allocateForPop(
  allocate: Allocate,
  clientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
  popShareQueueNum: number,
): MessageQueue[] {
  if (popShareQueueNum <= 0 || popShareQueueNum >= clientIds.length - 1) {
    const byBroker = new Map(queues.map((queue) => [queue.brokerName, { ...queue, queueId: -1 }]));
    return [...byBroker.values()];
  }
  const index = clientIds.indexOf(clientId);
  if (clientIds.length > queues.length) {
    const only = queues[index % queues.length];
    return index < 0 || only === undefined ? [] : [only];
  }
  const own = allocate(clientId, queues, clientIds);
  if (index < 0) return own;
  const shared = Array.from(
    { length: popShareQueueNum },
    (_, step) => clientIds[(index + step + 1) % clientIds.length] as string,
  );
  return [...own, ...shared.flatMap((other) => allocate(other, queues, clientIds))];
}
