import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { compareMessageQueue, decodeTopicRouteData, type MessageQueue } from '@mq/remoting/protocol';
import { RouteTable } from './route-table.js';
import { publishQueues, routeFromDefaultTopic, sameRoute, subscribeQueues } from './topic-routes.js';

const nameOf = ({ brokerName, queueId }: MessageQueue): string => `${brokerName}:${queueId}`;

interface Golden {
  routes: {
    route: string;
    publishQueuesInOrder: string[];
    subscribeQueuesSorted: string[];
    brokerAddr: { brokerName: string; selectBrokerAddr: string }[];
  }[];
}

describeGolden('queues of a route, as Apache 5.3.3 reads it', () => {
  const golden = JSON.parse(readFileSync(goldenPath('misc/route-queues.json'), 'utf8')) as Golden;

  test.each(golden.routes.map((entry, at) => [at, entry] as const))('route %i', (_at, entry) => {
    const route = decodeTopicRouteData(Buffer.from(entry.route));
    expect(publishQueues('T', route).map(nameOf)).toEqual(entry.publishQueuesInOrder);
    expect(subscribeQueues('T', route).sort(compareMessageQueue).map(nameOf)).toEqual(
      entry.subscribeQueuesSorted,
    );
    const table = new RouteTable(() => 0);
    table.update('T', route);
    for (const { brokerName, selectBrokerAddr } of entry.brokerAddr) {
      const found = table.findBroker(brokerName, 0, false);
      if (selectBrokerAddr === 'random slave') expect(found?.isSlave).toBe(true);
      else expect(found).toEqual({ address: selectBrokerAddr, isSlave: false });
    }
  });
});

describe('a route', () => {
  const route = decodeTopicRouteData(
    Buffer.from(
      '{"brokerDatas":[{"brokerAddrs":{"0":"h:1","1":"h:2"},"brokerName":"a","cluster":"C"},{"brokerAddrs":{"0":"h:3"},"brokerName":"b","cluster":"C"}],' +
        '"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":8,"writeQueueNums":8},{"brokerName":"a","perm":6,"readQueueNums":8,"writeQueueNums":8}]}',
    ),
  );

  test('is the same whatever the order it is listed in', () => {
    const turned = {
      ...route,
      queueDatas: [...route.queueDatas].reverse(),
      brokerDatas: [...route.brokerDatas].reverse(),
    };
    expect(sameRoute(route, turned)).toBe(true);
    expect(sameRoute(route, routeFromDefaultTopic(route, 4))).toBe(false);
  });

  test('lends an unknown topic at most so many queues on each broker', () => {
    expect(publishQueues('New', routeFromDefaultTopic(route, 4)).map(nameOf)).toEqual([
      'a:0',
      'a:1',
      'a:2',
      'a:3',
      'b:0',
      'b:1',
      'b:2',
      'b:3',
    ]);
    expect(publishQueues('New', routeFromDefaultTopic(route, 16))).toHaveLength(16);
  });

  test('leads to another replica of the broker when the wanted one is gone, unless only that one will do', () => {
    const table = new RouteTable(() => 0);
    table.update('T', route);
    expect(table.findBroker('a', 1, false)).toEqual({ address: 'h:2', isSlave: true });
    expect(table.findBroker('b', 1, false)).toEqual({ address: 'h:3', isSlave: false });
    expect(table.findBroker('b', 1, true)).toBeUndefined();
  });

  test('that nobody has any more takes its brokers along', () => {
    const table = new RouteTable(() => 0);
    table.update('T', route);
    expect(table.removeOfflineBrokers()).toEqual([]);
    table.update('T', { ...route, brokerDatas: route.brokerDatas.slice(0, 1) });
    expect(table.removeOfflineBrokers()).toEqual(['b']);
    expect(table.findBroker('b', 0, false)).toBeUndefined();
  });
});
