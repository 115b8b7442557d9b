import type { MessageQueue } from '@mq/remoting/protocol';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';

/** The room of a broker named `room@broker`; undefined for any other form (Java's split drops trailing empty parts). */
function machineRoomOf(queue: MessageQueue): string | undefined {
  const [room, broker, ...rest] = queue.brokerName.split('@');
  return broker !== undefined && broker.length > 0 && rest.every((part) => part.length === 0)
    ? room
    : undefined;
}

/**
 * "MACHINE_ROOM": only queues of brokers named `room@broker` whose room is in the set, shared evenly; the remainder goes
 * one each to the first members. Queues of other rooms get no owner. Upstream: AllocateMessageQueueByMachineRoom.
 */
export function allocateByMachineRoom(machineRooms: Iterable<string>): AllocateMessageQueueStrategy {
  const rooms = new Set(machineRooms);
  return {
    name: 'MACHINE_ROOM',
    allocate(_group, currentClientId, queues, clientIds) {
      const index = clientIds.indexOf(currentClientId);
      if (index < 0) return [];
      const local = queues.filter((queue) => rooms.has(machineRoomOf(queue) ?? ''));
      const share = Math.floor(local.length / clientIds.length);
      const own = local.slice(share * index, share * (index + 1));
      const extra = local[index + share * clientIds.length];
      return extra !== undefined && local.length % clientIds.length > index ? [...own, extra] : own;
    },
  };
}
