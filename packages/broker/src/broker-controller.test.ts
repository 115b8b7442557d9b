import { ManualClock, RemotingClient, RemotingCommand, TurnScheduler, type Connection } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';
import { SimulatedDisk } from '@mq/store/testing';

import { BrokerConfiguration } from './broker-configuration.js';
import { BrokerController } from './broker-controller.js';
import { FakeConnection } from './testing/fake-connection.js';

let broker: BrokerController;
afterEach(() => broker.close());

describe('a setting that may change while the broker runs', () => {
  let clock: ManualClock;
  let disk: SimulatedDisk;

  beforeEach(async () => {
    clock = new ManualClock();
    disk = new SimulatedDisk();
    broker = brokerOf({ listenPort: '0' }, { clock, disk });
    await broker.start();
  });

  const update = (name: string, value: string): void => {
    expect(broker.settings.update({ [name]: value })).toMatchObject({ changed: [name], refused: [] });
  };
  const savedOffsets = (): string => disk.readFile('/store/config/consumerOffset.json')?.toString() ?? '';

  test('flushConsumerOffsetInterval counts from the next write', async () => {
    update('flushConsumerOffsetInterval', '1000');
    await clock.advance(5_000);
    broker.parts.consumerOffsets.commit('c', 'G', 'T', 0, 7);
    await clock.advance(999);
    expect(savedOffsets()).not.toContain('T@G');
    await clock.advance(1);
    expect(savedOffsets()).toContain('"T@G":{0:7');
  });

  test('consumerOffsetUpdateVersionStep', () => {
    update('consumerOffsetUpdateVersionStep', '2');
    const { consumerOffsets } = broker.parts;
    for (let offset = 1; offset <= 4; offset++) consumerOffsets.commit('c', 'G', 'T', 0, offset);
    expect(consumerOffsets.dataVersion.counter).toBe(2);
  });

  test('channelExpiredTimeout', async () => {
    update('channelExpiredTimeout', '15000');
    const connection = join('G');
    await clock.advance(10_000);
    expect(broker.parts.consumers.groupInfo('G')).toBeDefined();
    await clock.advance(10_000);
    expect(broker.parts.consumers.groupInfo('G')).toBeUndefined();
    expect(connection.isOpen).toBe(false);
  });

  function join(group: string): Connection {
    const connection = new FakeConnection();
    const channel = {
      connection,
      clientId: 'c',
      language: 'JAVA',
      version: 479,
      lastUpdateTimestamp: clock.now(),
    };
    const { consumers } = broker.parts;
    consumers.registerConsumer(
      group,
      channel,
      'CONSUME_PASSIVELY',
      'CLUSTERING',
      'CONSUME_FROM_LAST_OFFSET',
      [],
      false,
    );
    return connection;
  }
});

describe('the event loop', () => {
  test.each([
    ['may rest where nothing else runs in the process', true],
    ['is never held in an application', false],
  ])('%s', async (_what, ownsEventLoop) => {
    const turn = new TurnScheduler();
    broker = brokerOf({ listenPort: '0' }, { disk: new SimulatedDisk(), turn, ownsEventLoop });
    await broker.start();
    expect(turn.afterTurn !== undefined).toBe(ownsEventLoop);
    await broker.close();
    expect(turn.afterTurn).toBeUndefined();
  });
});

describe('the fast port, two below the listening port', () => {
  let client: RemotingClient;
  beforeEach(async () => {
    client = new RemotingClient();
    await startOnNeighbouringPorts();
  });
  afterEach(() => client.close({ timeoutMs: 0 }));

  const askFast = (code: number, ext: Record<string, string> = {}): Promise<RemotingCommand> => {
    const [host, port] = broker.address.split(':');
    return client.request(`${host}:${Number(port) - 2}`, RemotingCommand.request(code, ext));
  };

  test('serves what old clients and slaves ask there', async () => {
    const answer = await askFast(RequestCode.GET_ALL_TOPIC_CONFIG);
    expect([answer.code, answer.body?.toString()]).toEqual([0, expect.stringContaining('TBW102')]);
  });

  test.each(['PULL_MESSAGE', 'LITE_PULL_MESSAGE'] as const)(
    'refuses %s there and not elsewhere',
    async (name) => {
      const ext = { topic: 'T', consumerGroup: 'G', queueId: '0' };
      expect((await askFast(RequestCode[name], ext)).code).toBe(ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
      const request = RemotingCommand.request(RequestCode[name], ext);
      const { code } = await client.request(broker.address, request);
      expect(code).not.toBe(ResponseCode.REQUEST_CODE_NOT_SUPPORTED);
    },
  );
});

function brokerOf(
  properties: Record<string, string>,
  deps: ConstructorParameters<typeof BrokerController>[1],
): BrokerController {
  const { configuration, problems } = BrokerConfiguration.parse({
    brokerName: 'b',
    storePathRootDir: '/store',
    mappedFileSizeCommitLog: '1048576',
    namesrvAddr: '',
    ...properties,
  });
  expect(problems).toEqual([]);
  return new BrokerController(configuration, deps);
}

/** The system cannot be asked for two ports at a distance, so this tries until both are free. */
async function startOnNeighbouringPorts(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const listenPort = 20_000 + Math.floor(Math.random() * 12_000);
    broker = brokerOf({ listenPort: String(listenPort) }, { disk: new SimulatedDisk() });
    try {
      return await broker.start();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === 20) throw error;
    }
  }
}
