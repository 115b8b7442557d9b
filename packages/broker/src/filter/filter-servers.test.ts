import { ManualClock, silentLogger } from '@mq/remoting';

import { FakeConnection } from '../testing/fake-connection.js';
import { FilterServers } from './filter-servers.js';

function setUp(maxCount = 2) {
  const clock = new ManualClock();
  const changes: string[][] = [];
  const servers: FilterServers = new FilterServers({
    clock,
    logger: silentLogger,
    maxCount: () => maxCount,
    onChange: () => changes.push(servers.addresses),
  });
  return { clock, servers, changes };
}

describe('the filter servers of a broker', () => {
  test('are told when they change, and only then', () => {
    const { servers, changes } = setUp();
    const [first, second] = [new FakeConnection(1), new FakeConnection(2)];
    for (let round = 0; round < 3; round++) {
      expect(servers.register(first, 'b:2')).toBe(true);
      expect(servers.register(second, 'a:1')).toBe(true);
    }
    servers.doConnectionClose(first);
    servers.doConnectionClose(first);
    expect(changes).toEqual([['b:2'], ['a:1', 'b:2'], ['a:1']]);
  });

  test('are as many as may be; by default none may', () => {
    expect(setUp(0).servers.register(new FakeConnection(1), 'a:1')).toBe(false);
    const { servers } = setUp(1);
    const first = new FakeConnection(1);
    servers.register(first, 'a:1');
    expect(servers.register(new FakeConnection(2), 'b:2')).toBe(false);
    expect(servers.register(first, 'c:3')).toBe(true);
    expect(servers.addresses).toEqual(['c:3']);
  });

  test('are gone when they register no more', async () => {
    const { clock, servers, changes } = setUp();
    const [silent, alive] = [new FakeConnection(1), new FakeConnection(2)];
    servers.register(silent, 'a:1');
    servers.register(alive, 'b:2');
    await clock.advance(20_000);
    servers.register(alive, 'b:2');
    await clock.advance(10_001);
    servers.scanNotActive();
    expect(servers.addresses).toEqual(['b:2']);
    expect([silent.isOpen, alive.isOpen]).toEqual([false, true]);
    expect(changes.at(-1)).toEqual(['b:2']);
  });
});
