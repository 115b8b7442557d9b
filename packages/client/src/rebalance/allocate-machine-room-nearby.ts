import type { MessageQueue } from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';
import { type AllocateMessageQueueStrategy, memberIndex } from './allocate-strategy.js';

/** Tells where brokers and consumers stand. Both must name every machine room they are asked about. */
export interface MachineRoomResolver {
  /** The room of the broker that holds the queue. */
  brokerDeployIn(queue: MessageQueue): string;
  /** The room of a consumer. */
  consumerDeployIn(clientId: string): string;
}

function groupByRoom<T>(items: readonly T[], roomOf: (item: T) => string): Map<string, T[]> {
  const rooms = new Map<string, T[]>();
  for (const item of items) {
    const room = roomOf(item);
    assertArgument(room.length > 0, `no machine room is known for ${JSON.stringify(item)}`);
    const members = rooms.get(room);
    if (members === undefined) rooms.set(room, [item]);
    else members.push(item);
  }
  return rooms;
}

/**
 * "MACHINE_ROOM_NEARBY-<inner>": queues of a room go to the consumers of that room; queues of a room without any consumer
 * are shared by all. Upstream: AllocateMachineRoomNearby.
 * @param inner how to share within a room
 */
export function allocateMachineRoomNearby(
  inner: AllocateMessageQueueStrategy,
  resolver: MachineRoomResolver,
): AllocateMessageQueueStrategy {
  return {
    name: `MACHINE_ROOM_NEARBY-${inner.name}`,
    allocate(group, currentClientId, queues, clientIds) {
      if (memberIndex(currentClientId, queues, clientIds) < 0) return [];
      const queuesByRoom = groupByRoom(queues, (queue) => resolver.brokerDeployIn(queue));
      const clientsByRoom = groupByRoom(clientIds, (clientId) => resolver.consumerDeployIn(clientId));
      const ownRoom = resolver.consumerDeployIn(currentClientId);
      const own = queuesByRoom.get(ownRoom) ?? [];
      const result =
        own.length > 0 ? inner.allocate(group, currentClientId, own, clientsByRoom.get(ownRoom) ?? []) : [];
      for (const room of [...queuesByRoom.keys()].sort()) {
        if (room === ownRoom || clientsByRoom.has(room)) continue;
        result.push(...inner.allocate(group, currentClientId, queuesByRoom.get(room) ?? [], clientIds));
      }
      return result;
    },
  };
}
