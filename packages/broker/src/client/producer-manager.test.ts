import { ManualClock, silentLogger } from '@mq/remoting';
import { FakeConnection } from '../testing/fake-connection.js';
import { ClientChannelInfo } from './client-channel-info.js';
import { ProducerManager } from './producer-manager.js';

function setup() {
  const clock = new ManualClock();
  const producers = new ProducerManager({ clock, logger: silentLogger });
  const join = (group: string, connection: FakeConnection, clientId = `p${connection.id}`) =>
    producers.registerProducer(group, new ClientChannelInfo(connection, clientId, 'JAVA', 479, 0));
  return { clock, producers, join };
}

describe('ProducerManager', () => {
  test('finds a client by its id and forgets it with its connection', () => {
    const { producers, join } = setup();
    const connection = new FakeConnection();
    join('P', connection, 'id');
    expect(producers.findChannel('id')).toBe(connection);
    expect(producers.doConnectionClose(connection)).toBe(true);
    expect(producers.findChannel('id')).toBeUndefined();
    expect(producers.isGroupOnline('P')).toBe(false);
  });

  test('keeps the newer connection of an id when the older one closes late', () => {
    const { producers, join } = setup();
    const [older, newer] = [new FakeConnection(), new FakeConnection()];
    join('P', older, 'id');
    join('P', newer, 'id');
    producers.doConnectionClose(older);
    expect(producers.findChannel('id')).toBe(newer);
  });

  test('offers the open members of a group in turn', () => {
    const { producers, join } = setup();
    const [a, b, c] = [new FakeConnection(), new FakeConnection(), new FakeConnection()];
    for (const connection of [a, b, c]) join('P', connection);
    b.isOpen = false;
    const offered = Array.from({ length: 6 }, () => producers.availableChannel('P')?.connection);
    expect(new Set(offered)).toEqual(new Set([a, c]));
    for (const connection of [a, c]) connection.isOpen = false;
    expect(producers.availableChannel('P')).toBeUndefined();
    expect(producers.availableChannel('nobody')).toBeUndefined();
  });

  test('expires and closes producers without a heartbeat for 120 s', async () => {
    const { clock, producers, join } = setup();
    const [silent, alive] = [new FakeConnection(), new FakeConnection()];
    for (const connection of [silent, alive]) join('P', connection);
    await clock.advance(60_000);
    join('P', alive);
    await clock.advance(60_001);
    producers.scanNotActive();
    expect([silent.isOpen, alive.isOpen]).toEqual([false, true]);
    expect(producers.groupTable.get('P')?.size).toBe(1);
  });

  test('lets one group leave alone, but the id stays with the other', () => {
    const { producers, join } = setup();
    const connection = new FakeConnection();
    for (const group of ['P', 'Q']) join(group, connection, 'id');
    producers.unregisterProducer('P', connection);
    expect([...producers.groupTable.keys()]).toEqual(['Q']);
    expect(producers.findChannel('id')).toBe(connection);
  });
});
