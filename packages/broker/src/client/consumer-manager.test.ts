import { ManualClock, silentLogger } from '@mq/remoting';
import { type SubscriptionData, buildSubscriptionData } from '@mq/remoting/protocol';
import { FakeConnection } from '../testing/fake-connection.js';
import { ClientChannelInfo } from './client-channel-info.js';
import { ConsumerManager } from './consumer-manager.js';

function setup() {
  const clock = new ManualClock();
  const consumers = new ConsumerManager({ clock, logger: silentLogger });
  const told: [string, number][] = [];
  consumers.onIdsChanged((group, connections) => told.push([group, connections.length]));
  const join = (
    group: string,
    connection: FakeConnection,
    subscriptions: SubscriptionData[],
    options: { clientId?: string; model?: 'CLUSTERING' | 'BROADCASTING'; notify?: boolean } = {},
  ) => {
    const info = new ClientChannelInfo(connection, options.clientId ?? `c${connection.id}`, 'JAVA', 479, 0);
    const model = options.model ?? 'CLUSTERING';
    const notify = options.notify ?? true;
    return consumers.registerConsumer(
      group,
      info,
      'CONSUME_PASSIVELY',
      model,
      'CONSUME_FROM_LAST_OFFSET',
      subscriptions,
      notify,
    );
  };
  return { clock, consumers, told, join };
}

const sub = (topic: string, version = 1, expression = '*') =>
  buildSubscriptionData(topic, expression, 'TAG', version);

describe('ConsumerManager', () => {
  test('tells a group of new members and new topics, and nobody of a heartbeat that repeats itself', () => {
    const { consumers, told, join } = setup();
    const [a, b] = [new FakeConnection(), new FakeConnection()];
    expect(join('G', a, [sub('T')])).toBe(true);
    expect(join('G', a, [sub('T')])).toBe(false);
    expect(join('G', b, [sub('T')])).toBe(true);
    expect(join('G', b, [sub('T'), sub('U')])).toBe(true);
    expect(told).toEqual([
      ['G', 1],
      ['G', 2],
      ['G', 2],
    ]);
    expect(consumers.groupInfo('G')?.clientIds()).toEqual([`c${a.id}`, `c${b.id}`]);
    expect(consumers.groupsSubscribing('U')).toEqual(['G']);
  });

  test('tells nobody of broadcast groups, nor where the group does not want it', () => {
    const { told, join } = setup();
    join('B', new FakeConnection(), [sub('T')], { model: 'BROADCASTING' });
    join('Q', new FakeConnection(), [sub('T')], { notify: false });
    expect(told).toEqual([]);
  });

  test('replaces a subscription by a newer one only, and drops topics that are not sent any more', () => {
    const { consumers, join } = setup();
    const connection = new FakeConnection();
    join('G', connection, [sub('T', 5, 'A'), sub('U', 5)]);
    join('G', connection, [sub('T', 4, 'old'), sub('U', 5)]);
    expect(consumers.findSubscription('G', 'T')?.subString).toBe('A');
    expect(join('G', connection, [sub('T', 6, 'new')])).toBe(true);
    expect(consumers.findSubscription('G', 'T')?.subString).toBe('new');
    expect(consumers.findSubscription('G', 'U')).toBeUndefined();
  });

  test('forgets a closed connection in every group, and a group with its last member', () => {
    const { consumers, told, join } = setup();
    const [a, b] = [new FakeConnection(), new FakeConnection()];
    for (const group of ['G', 'H']) join(group, a, [sub('T')]);
    join('G', b, [sub('T')]);
    told.length = 0;
    expect(consumers.doConnectionClose(a)).toBe(true);
    expect(consumers.doConnectionClose(a)).toBe(false);
    expect(told).toEqual([['G', 1]]);
    expect([...consumers.groups.keys()]).toEqual(['G']);
    expect(consumers.findChannel('G', `c${b.id}`)?.connection).toBe(b);
  });

  test('lets one group of a connection leave alone', () => {
    const { consumers, join } = setup();
    const connection = new FakeConnection();
    for (const group of ['G', 'H']) join(group, connection, [sub('T')]);
    consumers.unregister('G', connection, true);
    expect([...consumers.groups.keys()]).toEqual(['H']);
    consumers.doConnectionClose(connection);
    expect(consumers.groups.size).toBe(0);
  });

  test('expires and closes members without a heartbeat for 120 s', async () => {
    const { clock, consumers, told, join } = setup();
    const [silent, alive] = [new FakeConnection(), new FakeConnection()];
    join('G', silent, [sub('T')]);
    join('G', alive, [sub('T')]);
    await clock.advance(60_000);
    join('G', alive, [sub('T')]);
    await clock.advance(60_000);
    consumers.scanNotActive();
    expect(silent.isOpen).toBe(true);
    await clock.advance(1);
    told.length = 0;
    consumers.scanNotActive();
    expect([silent.isOpen, alive.isOpen]).toEqual([false, true]);
    expect(told).toEqual([['G', 1]]);
  });

  test('takes over the client id when a connection speaks for another client', () => {
    const { consumers, join } = setup();
    const connection = new FakeConnection();
    join('G', connection, [sub('T')], { clientId: 'first' });
    join('G', connection, [sub('T')], { clientId: 'second' });
    expect(consumers.groupInfo('G')?.clientIds()).toEqual(['second']);
  });

  test('refreshes a member by a short heartbeat and leaves its subscriptions', async () => {
    const { clock, consumers, join } = setup();
    const connection = new FakeConnection();
    join('G', connection, [sub('T')]);
    await clock.advance(100_000);
    const info = new ClientChannelInfo(connection, `c${connection.id}`, 'JAVA', 479, 0);
    const isNew = consumers.registerConsumerWithoutSub(
      'G',
      info,
      'CONSUME_PASSIVELY',
      'CLUSTERING',
      'CONSUME_FROM_LAST_OFFSET',
      true,
    );
    await clock.advance(100_000);
    consumers.scanNotActive();
    expect([isNew, connection.isOpen]).toEqual([false, true]);
    expect(consumers.findSubscription('G', 'T')).toBeDefined();
  });

  test('remembers subscriptions of pull requests for ten minutes, behind those of heartbeats', async () => {
    const { clock, consumers, join } = setup();
    consumers.compensateSubscription('G', 'CONSUME_ACTIVELY', 'CLUSTERING', sub('T', clock.now(), 'pulled'));
    expect(consumers.findSubscription('G', 'T')?.subString).toBe('pulled');
    join('G', new FakeConnection(), [sub('T', 1, 'beaten')]);
    expect(consumers.findSubscription('G', 'T')?.subString).toBe('beaten');
    await clock.advance(600_001);
    consumers.scanNotActive();
    expect(consumers.findSubscription('G', 'T')).toBeUndefined();
  });
});
