// Members of a group join, leave and crash at random; once it has settled, each queue has exactly one owner: the one Apache's
// arithmetic gives. The seed of a failing run is in its name.
import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import {
  ClientInstance,
  PushConsumer,
  allocateAveragely,
  allocateAveragelyByCircle,
  type AllocateMessageQueueStrategy,
} from '../src/index.js';
import { eventually } from './eventually.js';
import { FakeCluster } from './fake-cluster.js';

interface Allocation {
  readonly strategy: string;
  readonly queues: readonly string[];
  readonly clientIds: readonly string[];
  readonly result: Readonly<Record<string, readonly string[]>>;
}

interface Member {
  readonly client: ClientInstance;
  readonly consumer: PushConsumer;
}

const QUEUES = 4;
const STEPS = 12;

/** A small generator of numbers from 0 to 1, so that a seed says the whole run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describeGolden('a group whose members come and go', () => {
  const { allocations } = JSON.parse(readFileSync(goldenPath('misc/rebalance.json'), 'utf8')) as {
    allocations: Allocation[];
  };
  const ofFourQueues = allocations.filter(({ queues }) => queues.length === QUEUES);
  /** Ids of the golden data, in their order: 192.168.1.10@1000, 192.168.1.11@1001 ... */
  const ids = ofFourQueues.reduce<readonly string[]>(
    (a, b) => (a.length < b.clientIds.length ? b.clientIds : a),
    [],
  );

  let cluster: FakeCluster;
  let members: Map<string, Member>;
  afterEach(async () => {
    await Promise.all([...members.values()].map(leave));
    await cluster.close();
  });

  async function join(id: string, strategy: AllocateMessageQueueStrategy): Promise<void> {
    const [clientIp, instanceName] = id.split('@') as [string, string];
    const client = new ClientInstance({ nameServers: cluster.nameServers, clientIp, instanceName });
    const consumer = new PushConsumer({
      ...{ client, consumerGroup: 'G', rebalanceIntervalMs: 100, handler: () => undefined },
      allocateMessageQueueStrategy: strategy,
    });
    consumer.subscribe('T');
    await consumer.start();
    members.set(id, { client, consumer });
  }

  async function leave({ client, consumer }: Member): Promise<void> {
    await consumer.close({ timeoutMs: 500 });
    await client.close();
  }

  /** As a process that dies: its connections break, nobody is told anything. */
  async function crash({ client, consumer }: Member): Promise<void> {
    await client.close({ timeoutMs: 0 });
    await consumer.close({ timeoutMs: 0 });
  }

  /** What Apache's program gave for so many members; ids are compared by their rank, all that the arithmetic sees. */
  function expected(strategy: string): Map<string, readonly string[]> {
    const live = [...members.keys()].sort();
    const golden = ofFourQueues.find(
      (a) => a.strategy === strategy && a.clientIds.length === live.length,
    ) as Allocation;
    return new Map(
      live.map((id, rank) => [id, golden.result[golden.clientIds[rank] as string] as readonly string[]]),
    );
  }

  const owned = (): Map<string, readonly string[]> =>
    new Map(
      [...members.keys()].sort().map((id) => {
        const { assignment } = (members.get(id) as Member).consumer;
        const queues = assignment.filter(({ topic }) => topic === 'T');
        return [id, queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`).sort()];
      }),
    );

  test.each([
    ['AVG', 1, allocateAveragely],
    ['AVG', 2, allocateAveragely],
    ['AVG_BY_CIRCLE', 3, allocateAveragelyByCircle],
  ] as const)('settles with one owner for each queue: %s, seed %i', async (name, seed, strategy) => {
    const random = randomOf(seed);
    cluster = await FakeCluster.start({ topics: { T: QUEUES } });
    members = new Map();
    for (let step = 0; step < STEPS; step++) {
      const absent = ids.filter((id) => !members.has(id));
      const present = [...members.keys()];
      const joins = present.length === 0 || (absent.length > 0 && random() < 0.55);
      const from = joins ? absent : present;
      const id = from[Math.floor(random() * from.length)] as string;
      if (joins) await join(id, strategy);
      else {
        const member = members.get(id) as Member;
        members.delete(id);
        await (random() < 0.5 ? leave(member) : crash(member));
      }
      // Sometimes the next change comes before this one has settled.
      if (members.size === 0 || (step + 1 < STEPS && random() < 0.4)) continue;
      const wanted = JSON.stringify([...expected(name)]);
      await eventually(`step ${step} settles at ${wanted}`, () => JSON.stringify([...owned()]) === wanted);
      expect([...owned().values()].flat().sort()).toEqual([0, 1, 2, 3].map((q) => `broker-a:${q}`));
    }
  });
});
