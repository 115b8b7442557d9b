import { PERM_READ, PERM_WRITE, newTopicConfig, type TopicConfig } from '@mq/remoting/protocol';
import {
  DEFAULT_BROKER_EXPIRED_MILLIS,
  RouteInfoManager,
  type BrokerRegistration,
} from './route-info-manager.js';
import { filterByZoneName } from './zone-filter.js';

const RW = PERM_READ | PERM_WRITE;
const NOW = 1_700_000_000_000;

class Channel {
  closed: string | undefined;
  close(reason: string): void {
    this.closed = reason;
  }
}

function topic(topicName: string, fields: Partial<TopicConfig> = {}): TopicConfig {
  return { ...newTopicConfig(topicName, 4, RW), ...fields };
}

const version = (counter: number, stateVersion = 0) => ({ counter, stateVersion, timestamp: NOW });

/** A registration of broker-a with topics T1 and T2, as a 5.x broker sends it. */
function registration(
  fields: Partial<BrokerRegistration> & { topics?: TopicConfig[] } = {},
): BrokerRegistration {
  const { topics = [topic('T1'), topic('T2')], ...rest } = fields;
  return {
    clusterName: 'C',
    brokerAddr: '10.0.0.1:10911',
    brokerName: 'broker-a',
    brokerId: 0,
    haServerAddr: '10.0.0.1:10912',
    enableActingMaster: false,
    dataVersion: version(1),
    topicConfigTable: new Map(topics.map((config) => [config.topicName, config])),
    topicQueueMappingInfoMap: new Map(),
    channel: new Channel(),
    ...rest,
  };
}

const slave = (fields: Partial<BrokerRegistration> & { topics?: TopicConfig[] } = {}) =>
  registration({ brokerId: 1, brokerAddr: '10.0.0.2:10911', haServerAddr: '10.0.0.2:10912', ...fields });

function routes(
  settings: Partial<ConstructorParameters<typeof RouteInfoManager>[0] extends () => infer S ? S : never> = {},
) {
  const changes: unknown[] = [];
  const manager = new RouteInfoManager(
    () => ({
      supportActingMaster: false,
      deleteTopicWithBrokerRegistration: false,
      notifyMinBrokerIdChanged: false,
      ...settings,
    }),
    (change) => changes.push(change),
  );
  return { manager, changes };
}

describe('a registration', () => {
  test('makes the route of every topic of a master known', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    const route = manager.pickupTopicRouteData('T1');
    expect(route?.queueDatas).toEqual([
      { brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 4, perm: RW, topicSysFlag: 0 },
    ]);
    expect(route?.brokerDatas).toMatchObject([
      { cluster: 'C', brokerName: 'broker-a', brokerAddrs: new Map([[0, '10.0.0.1:10911']]) },
    ]);
    expect(manager.allTopics().sort()).toEqual(['T1', 'T2']);
    expect(manager.clusterInfo().clusterAddrTable).toEqual({ C: ['broker-a'] });
  });

  test('of several brokers spreads a topic over them', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    manager.registerBroker(registration({ brokerName: 'broker-b', brokerAddr: '10.0.0.9:10911' }), NOW);
    expect(manager.pickupTopicRouteData('T1')?.queueDatas.map(({ brokerName }) => brokerName)).toEqual([
      'broker-a',
      'broker-b',
    ]);
  });

  test('of an unknown broker with a single topic is refused and leaves no trace', () => {
    const { manager } = routes();
    expect(manager.registerBroker(registration({ topics: [topic('T1')] }), NOW)).toBeUndefined();
    expect(manager.clusterInfo()).toEqual({ brokerAddrTable: {}, clusterAddrTable: {} });
  });

  test('of a known broker with a single topic changes that topic only', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    const result = manager.registerBroker(
      registration({ topics: [topic('T1', { readQueueNums: 9 })], dataVersion: version(2) }),
      NOW,
    );
    expect(result).toEqual({});
    expect(manager.pickupTopicRouteData('T1')?.queueDatas[0]?.readQueueNums).toBe(9);
    expect(manager.pickupTopicRouteData('T2')?.queueDatas[0]?.readQueueNums).toBe(4);
  });

  test('with the data version already known does not rewrite topics', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    manager.wipeWritePermOfBroker('broker-a');
    manager.registerBroker(registration(), NOW);
    expect(manager.pickupTopicRouteData('T1')?.queueDatas[0]?.perm).toBe(PERM_READ);
    manager.registerBroker(registration({ dataVersion: version(2) }), NOW);
    expect(manager.pickupTopicRouteData('T1')?.queueDatas[0]?.perm).toBe(RW);
  });

  test.each([
    [false, ['T1', 'T2', 'T3']],
    [true, ['T2', 'T3']],
  ])(
    'removes topics no longer listed only with deleteTopicWithBrokerRegistration=%s',
    (deletes, expected) => {
      const { manager } = routes({ deleteTopicWithBrokerRegistration: deletes });
      manager.registerBroker(registration(), NOW);
      manager.registerBroker(
        registration({ topics: [topic('T2'), topic('T3')], dataVersion: version(2) }),
        NOW,
      );
      expect(manager.allTopics().sort()).toEqual(expected);
    },
  );

  test('of a slave tells it where its master is and adds no topics', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    expect(manager.registerBroker(slave({ topics: [topic('T8'), topic('T9')] }), NOW)).toEqual({
      masterAddr: '10.0.0.1:10911',
      haServerAddr: '10.0.0.1:10912',
    });
    expect(manager.allTopics().sort()).toEqual(['T1', 'T2']);
    expect(manager.brokerAddrsOf('broker-a')).toEqual(
      new Map([
        [0, '10.0.0.1:10911'],
        [1, '10.0.0.2:10911'],
      ]),
    );
  });

  test('under a new id moves the address, as when a slave becomes master', () => {
    const { manager } = routes();
    manager.registerBroker(slave(), NOW);
    manager.registerBroker(slave({ brokerId: 0 }), NOW);
    expect(manager.brokerAddrsOf('broker-a')).toEqual(new Map([[0, '10.0.0.2:10911']]));
  });

  test('of a former master is ignored when its id is held with a later state version', () => {
    const { manager } = routes();
    manager.registerBroker(registration({ dataVersion: version(1, 5) }), NOW);
    expect(manager.registerBroker(slave({ brokerId: 0, dataVersion: version(9, 4) }), NOW)).toEqual({});
    expect(manager.brokerAddrsOf('broker-a')).toEqual(new Map([[0, '10.0.0.1:10911']]));
  });
});

describe('a broker that goes', () => {
  test('takes its topics and its cluster with it', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    manager.unregisterBroker(registration());
    expect(manager.pickupTopicRouteData('T1')).toBeUndefined();
    expect(manager.allTopics()).toEqual([]);
    expect(manager.clusterInfo()).toEqual({ brokerAddrTable: {}, clusterAddrTable: {} });
  });

  test('is removed when its connection is lost, together with all that registered on it', () => {
    const { manager } = routes();
    const channel = new Channel();
    manager.registerBroker(registration({ channel }), NOW);
    manager.registerBroker(
      registration({ channel, brokerName: 'broker-b', brokerAddr: '10.0.0.9:10911' }),
      NOW,
    );
    expect(manager.onChannelDestroy(new Channel())).toEqual([]);
    expect(manager.onChannelDestroy(channel).map(({ brokerName }) => brokerName)).toEqual([
      'broker-a',
      'broker-b',
    ]);
    expect(manager.allTopics()).toEqual([]);
  });

  test('is kept when it reconnected before its old connection was lost', () => {
    const { manager } = routes();
    const old = new Channel();
    manager.registerBroker(registration({ channel: old }), NOW);
    manager.registerBroker(registration(), NOW);
    expect(manager.onChannelDestroy(old)).toEqual([]);
    expect(manager.pickupTopicRouteData('T1')).toBeDefined();
  });

  test.each([
    ['the default', undefined, DEFAULT_BROKER_EXPIRED_MILLIS],
    ['its own time-out', 10_000, 10_000],
  ])('silently is removed and disconnected after %s', (_name, heartbeatTimeoutMillis, limitMs) => {
    const { manager } = routes();
    const channel = new Channel();
    manager.registerBroker(registration({ channel, heartbeatTimeoutMillis }), NOW);
    expect(manager.scanNotActiveBroker(NOW + limitMs)).toEqual([]);
    expect(manager.scanNotActiveBroker(NOW + limitMs + 1)).toHaveLength(1);
    expect(channel.closed).toMatch(/silent/);
    expect(manager.allTopics()).toEqual([]);
  });

  test('is kept by a heartbeat', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    manager.updateBrokerInfoUpdateTimestamp('C', '10.0.0.1:10911', NOW + 100_000);
    expect(manager.scanNotActiveBroker(NOW + 200_000)).toEqual([]);
  });
});

describe('slave acting master', () => {
  test('a prime slave without master offers its topics read-only under id 0', () => {
    const { manager } = routes({ supportActingMaster: true });
    manager.registerBroker(registration({ enableActingMaster: true }), NOW);
    manager.registerBroker(slave({ enableActingMaster: true }), NOW);
    manager.unregisterBroker(registration());
    const route = manager.pickupTopicRouteData('T1');
    expect(route?.queueDatas[0]?.perm).toBe(PERM_READ);
    expect(route?.brokerDatas[0]?.brokerAddrs).toEqual(new Map([[0, '10.0.0.2:10911']]));
    expect(manager.brokerAddrsOf('broker-a')).toEqual(new Map([[1, '10.0.0.2:10911']]));
  });

  test('is not applied unless the NameServer supports it', () => {
    const { manager } = routes();
    manager.registerBroker(registration({ enableActingMaster: true }), NOW);
    manager.registerBroker(slave({ enableActingMaster: true }), NOW);
    manager.unregisterBroker(registration());
    expect(manager.pickupTopicRouteData('T1')?.brokerDatas[0]?.brokerAddrs).toEqual(
      new Map([[1, '10.0.0.2:10911']]),
    );
  });

  test('a change of the lowest id is announced when asked for', () => {
    const { manager, changes } = routes({ notifyMinBrokerIdChanged: true });
    manager.registerBroker(slave({ enableActingMaster: true }), NOW);
    manager.registerBroker(registration({ enableActingMaster: true }), NOW);
    manager.unregisterBroker(registration());
    expect(changes).toMatchObject([
      { brokerName: 'broker-a', haBrokerAddr: '10.0.0.1:10912' },
      { brokerName: 'broker-a', offlineBrokerAddr: '10.0.0.1:10911' },
    ]);
  });
});

describe('topics', () => {
  test('write permission goes off and on for every topic of a broker and is counted', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    expect(manager.wipeWritePermOfBroker('broker-a')).toBe(2);
    expect(manager.pickupTopicRouteData('T2')?.queueDatas[0]?.perm).toBe(PERM_READ);
    expect(manager.addWritePermOfBroker('broker-a')).toBe(2);
    expect(manager.pickupTopicRouteData('T2')?.queueDatas[0]?.perm).toBe(RW);
    expect(manager.wipeWritePermOfBroker('nobody')).toBe(0);
  });

  test('are listed by cluster and by unit flags', () => {
    const { manager } = routes();
    manager.registerBroker(
      registration({
        topics: [
          topic('plain'),
          topic('unit', { topicSysFlag: 1 }),
          topic('sub', { topicSysFlag: 2 }),
          topic('both', { topicSysFlag: 3 }),
        ],
      }),
      NOW,
    );
    expect(manager.topicsByCluster('C')).toEqual(['plain', 'unit', 'sub', 'both']);
    expect(manager.topicsByCluster('X')).toEqual([]);
    expect(manager.unitTopics()).toEqual(['unit', 'both']);
    expect(manager.hasUnitSubTopics()).toEqual(['sub', 'both']);
    expect(manager.hasUnitSubUnUnitTopics()).toEqual(['sub']);
    expect(manager.systemTopics()).toEqual({ topicList: ['C', 'broker-a'], brokerAddr: '10.0.0.1:10911' });
  });

  test('are deleted altogether or for one cluster', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    manager.registerBroker(
      registration({ clusterName: 'D', brokerName: 'broker-d', brokerAddr: '10.0.0.9:10911' }),
      NOW,
    );
    manager.deleteTopic('T1', 'C');
    expect(manager.pickupTopicRouteData('T1')?.queueDatas.map(({ brokerName }) => brokerName)).toEqual([
      'broker-d',
    ]);
    manager.deleteTopic('T1');
    expect(manager.pickupTopicRouteData('T1')).toBeUndefined();
  });

  test('can be registered for known brokers only', () => {
    const { manager } = routes();
    manager.registerBroker(registration(), NOW);
    const queue = (brokerName: string) => ({
      brokerName,
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: RW,
      topicSysFlag: 0,
    });
    manager.registerTopic('N', [queue('broker-x')]);
    expect(manager.pickupTopicRouteData('N')).toBeUndefined();
    manager.registerTopic('N', [queue('broker-a')]);
    expect(manager.pickupTopicRouteData('N')?.queueDatas).toEqual([queue('broker-a')]);
  });
});

test('a route filtered by zone keeps brokers of the zone and those without a master', () => {
  const { manager } = routes();
  manager.registerBroker(registration({ zoneName: 'Z1' }), NOW);
  manager.registerBroker(
    registration({ brokerName: 'broker-b', brokerAddr: '10.0.0.9:10911', zoneName: 'Z2' }),
    NOW,
  );
  const route = manager.pickupTopicRouteData('T1');
  expect(route).toBeDefined();
  const filtered = filterByZoneName(route as NonNullable<typeof route>, 'z1');
  expect(filtered.brokerDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a']);
  expect(filtered.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a']);
});
