import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { compareMessageQueue, messageQueueKey, type MessageQueue } from '@mq/remoting/protocol';
import { allocateAveragely } from './allocate-averagely.js';
import { allocateAveragelyByCircle } from './allocate-averagely-by-circle.js';
import { allocateByConfig } from './allocate-by-config.js';
import { allocateByMachineRoom } from './allocate-by-machine-room.js';
import { allocateConsistentHash, md5Hash } from './allocate-consistent-hash.js';
import { allocateMachineRoomNearby } from './allocate-machine-room-nearby.js';
import type { AllocateMessageQueueStrategy } from './allocate-strategy.js';

const queueOf = (name: string): MessageQueue => {
  const at = name.lastIndexOf(':');
  return { topic: 'TopicTest', brokerName: name.slice(0, at), queueId: Number(name.slice(at + 1)) };
};
const nameOf = (queue: MessageQueue): string => `${queue.brokerName}:${queue.queueId}`;

interface Golden {
  allocations: {
    strategy: string;
    virtualNodeCnt: number | null;
    queues: string[];
    clientIds: string[];
    result: Record<string, string[]>;
  }[];
  edgeCases: {
    strategy: string;
    currentCID: string | null;
    queues: string[] | null;
    clientIds: string[] | null;
    result?: string[];
    throws?: string;
  }[];
  machineRoom: {
    strategy: string;
    consumeridcs: string[];
    queues: string[];
    clientIds: string[];
    result: Record<string, string[]>;
  };
  machineRoomNearby: {
    strategy: string;
    queues: string[];
    clientIds: string[];
    result: Record<string, string[]>;
  };
  byConfig: { strategy: string; configured: string[]; result: string[] };
  md5Hash: { key: string; hash: number }[];
}

/** An unknown name fails the run. */
function strategyOf(name: string, virtualNodes?: number | null): AllocateMessageQueueStrategy {
  switch (name) {
    case 'AVG':
      return allocateAveragely;
    case 'AVG_BY_CIRCLE':
      return allocateAveragelyByCircle;
    case 'CONSISTENT_HASH':
      return allocateConsistentHash(virtualNodes ? { virtualNodes } : {});
    default:
      throw new Error(`no strategy ${name}`);
  }
}

describeGolden('rebalance as Apache 5.3.3 does it', () => {
  const golden = JSON.parse(readFileSync(goldenPath('misc/rebalance.json'), 'utf8')) as Golden;

  test.each(
    golden.allocations.map(
      (a) =>
        [
          `${a.strategy} ${a.virtualNodeCnt ?? ''} ${a.queues.length} queues, ${a.clientIds.length} clients`,
          a,
        ] as const,
    ),
  )('%s', (_name, { strategy, virtualNodeCnt, queues, clientIds, result }) => {
    expect(Object.keys(result)).toEqual(clientIds);
    for (const clientId of clientIds) {
      const allocated = strategyOf(strategy, virtualNodeCnt).allocate(
        'G',
        clientId,
        queues.map(queueOf),
        clientIds,
      );
      expect(allocated.map(nameOf)).toEqual(result[clientId]);
    }
  });

  test.each(golden.edgeCases.map((e) => [JSON.stringify(e).slice(0, 90), e] as const))(
    'edge: %s',
    (_name, edge) => {
      const allocate = (): string[] =>
        strategyOf(edge.strategy)
          .allocate('G', edge.currentCID ?? '', (edge.queues ?? []).map(queueOf), edge.clientIds ?? [])
          .map(nameOf);
      if (edge.throws === undefined) expect(allocate()).toEqual(edge.result);
      else expect(allocate).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  test('MACHINE_ROOM', () => {
    const { strategy, consumeridcs, queues, clientIds, result } = golden.machineRoom;
    const allocate = allocateByMachineRoom(consumeridcs);
    expect(allocate.name).toBe(strategy);
    for (const id of clientIds)
      expect(allocate.allocate('G', id, queues.map(queueOf), clientIds).map(nameOf)).toEqual(result[id]);
  });

  test('MACHINE_ROOM_NEARBY', () => {
    const { strategy, queues, clientIds, result } = golden.machineRoomNearby;
    const roomOf = (name: string): string => name.split('-')[0] as string;
    const allocate = allocateMachineRoomNearby(allocateAveragely, {
      brokerDeployIn: (queue) => roomOf(queue.brokerName),
      consumerDeployIn: roomOf,
    });
    expect(allocate.name).toBe(strategy);
    for (const id of clientIds)
      expect(allocate.allocate('G', id, queues.map(queueOf), clientIds).map(nameOf)).toEqual(result[id]);
  });

  test('CONFIG', () => {
    const { strategy, configured, result } = golden.byConfig;
    const allocate = allocateByConfig(configured.map(queueOf));
    expect(allocate.name).toBe(strategy);
    expect(allocate.allocate('G', 'x', [], []).map(nameOf)).toEqual(result);
  });

  test.each(golden.md5Hash)('the ring hash of "$key"', ({ key, hash }) => expect(md5Hash(key)).toBe(hash));
});

describe('every strategy that shares all queues', () => {
  const groups = fc.record({
    queues: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(20)), {
      minLength: 1,
      maxLength: 40,
      selector: String,
    }),
    clientIds: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 }),
  });

  test.each<[string, AllocateMessageQueueStrategy]>([
    ['AVG', allocateAveragely],
    ['AVG_BY_CIRCLE', allocateAveragelyByCircle],
    ['CONSISTENT_HASH', allocateConsistentHash()],
    [
      'MACHINE_ROOM_NEARBY',
      allocateMachineRoomNearby(allocateAveragely, {
        brokerDeployIn: (queue) => queue.brokerName,
        consumerDeployIn: (id) => (id.length % 2 === 0 ? 'a' : 'b'),
      }),
    ],
  ])('%s gives each queue exactly one owner', (_name, strategy) => {
    fc.assert(
      fc.property(groups, ({ queues, clientIds }) => {
        const sorted = queues
          .map(([brokerName, queueId]) => ({ topic: 'T', brokerName, queueId }))
          .sort(compareMessageQueue);
        const members = [...clientIds].sort();
        const owned = members
          .flatMap((id) => strategy.allocate('G', id, sorted, members))
          .map(messageQueueKey);
        expect(owned.sort()).toEqual(sorted.map(messageQueueKey).sort());
      }),
    );
  });

  test.each<[string, AllocateMessageQueueStrategy]>([
    ['AVG', allocateAveragely],
    ['AVG_BY_CIRCLE', allocateAveragelyByCircle],
  ])('%s gives members shares that differ by at most one', (_name, strategy) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 20 }),
        (queueCount, memberCount) => {
          const queues = [...Array(queueCount).keys()].map((queueId) => ({
            topic: 'T',
            brokerName: 'b',
            queueId,
          }));
          const members = [...Array(memberCount).keys()].map((i) => `c${String(i).padStart(2, '0')}`);
          const shares = members.map((id) => strategy.allocate('G', id, queues, members).length);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test('consistent hashing moves no queue between members that stay', () => {
    const strategy = allocateConsistentHash();
    const queues = [...Array(32).keys()].map((queueId) => ({ topic: 'T', brokerName: 'b', queueId }));
    const before = ['c1', 'c2', 'c3'];
    const after = ['c1', 'c3'];
    for (const id of after) {
      const kept = strategy.allocate('G', id, queues, after).map(messageQueueKey);
      expect(kept).toEqual(
        expect.arrayContaining(strategy.allocate('G', id, queues, before).map(messageQueueKey)),
      );
    }
  });
});
