import { createHash } from 'node:crypto';
import { messageQueueText } from '@mq/remoting/protocol';
import { assertArgument } from '../errors.js';
import { type AllocateMessageQueueStrategy, memberIndex } from './allocate-strategy.js';

interface RingNode {
  readonly hash: number;
  readonly clientId: string;
}

/** Upstream's MD5Hash: the first four bytes of the digest as an unsigned big-endian number. */
export function md5Hash(key: string): number {
  return createHash('md5').update(key, 'utf8').digest().readUInt32BE(0);
}

/** The ring, ascending by hash. On equal hashes the later client wins, as in upstream's sorted map. */
function buildRing(clientIds: readonly string[], virtualNodes: number): RingNode[] {
  const byHash = new Map<number, string>();
  for (const clientId of clientIds) {
    for (let replica = 0; replica < virtualNodes; replica++)
      byHash.set(md5Hash(`${clientId}-${replica}`), clientId);
  }
  return [...byHash].map(([hash, clientId]) => ({ hash, clientId })).sort((a, b) => a.hash - b.hash);
}

/** First node at or after the hash, else the first of the ring. */
function ownerOf(ring: readonly RingNode[], hash: number): string | undefined {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle] as RingNode).hash < hash) low = middle + 1;
    else high = middle;
  }
  return (ring[low] ?? ring[0])?.clientId;
}

/**
 * "CONSISTENT_HASH": a member that comes or goes moves only the queues next to it on the ring.
 * Upstream: AllocateMessageQueueConsistentHash, ConsistentHashRouter.
 * @param options.virtualNodes nodes of each client on the ring, at least 1, default 10; the same in every member
 */
export function allocateConsistentHash(
  options: { virtualNodes?: number } = {},
): AllocateMessageQueueStrategy {
  const virtualNodes = options.virtualNodes ?? 10;
  assertArgument(
    Number.isInteger(virtualNodes) && virtualNodes > 0,
    'virtualNodes must be a whole number above 0',
  );
  return {
    name: 'CONSISTENT_HASH',
    allocate(_group, currentClientId, queues, clientIds) {
      if (memberIndex(currentClientId, queues, clientIds) < 0) return [];
      const ring = buildRing(clientIds, virtualNodes);
      return queues.filter((queue) => ownerOf(ring, md5Hash(messageQueueText(queue))) === currentClientId);
    },
  };
}
