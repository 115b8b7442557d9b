import { ManualClock, RemotingClient, RemotingCommand, RemotingServer, silentLogger } from '@mq/remoting';
import {
  decodeRegisterBrokerBody,
  encodeKVTable,
  type RegisterBrokerBody,
  RegisterBrokerRequestHeader,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';

import { BrokerConfiguration } from '../broker-configuration.js';
import type { BrokerIdentity } from '../broker-identity.js';
import { BrokerOuterApi } from '../out-api/broker-outer-api.js';
import { TopicConfigManager } from '../topic/topic-config-manager.js';
import { BrokerRegistration } from './broker-registration.js';

const identity: BrokerIdentity = {
  brokerName: 'broker-a',
  clusterName: 'C',
  brokerId: 0,
  brokerAddr: '127.0.0.1:10911',
  haServerAddr: '127.0.0.1:10912',
  storeHost: Buffer.alloc(8),
};

/** What a NameServer heard, in order. */
interface Heard {
  readonly code: number;
  readonly header: Record<string, string>;
  readonly body: RegisterBrokerBody | undefined;
}

class FakeNameServer {
  readonly heard: Heard[] = [];
  readonly server = new RemotingServer({ port: 0 });
  topicsChanged = true;
  orderTopics: Record<string, string> = {};
  #waiting: (() => void)[] = [];

  async listen(): Promise<string> {
    for (const code of [RequestCode.REGISTER_BROKER, RequestCode.UNREGISTER_BROKER]) {
      this.server.register(code, (request) => this.#take(request));
    }
    this.server.register(RequestCode.QUERY_DATA_VERSION, () =>
      RemotingCommand.response(ResponseCode.SUCCESS, undefined, { changed: String(this.topicsChanged) }),
    );
    return `127.0.0.1:${(await this.server.listen()).port}`;
  }

  /** Resolves when it has heard `count` requests. */
  async until(count: number): Promise<void> {
    while (this.heard.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #take(request: RemotingCommand): RemotingCommand {
    const isRegistration = request.code === RequestCode.REGISTER_BROKER;
    this.heard.push({
      code: request.code,
      header: { ...request.extFields },
      body: isRegistration ? decodeRegisterBrokerBody(request.body, request.version) : undefined,
    });
    for (const wake of this.#waiting.splice(0)) wake();
    return RemotingCommand.response(
      ResponseCode.SUCCESS,
      undefined,
      {},
      encodeKVTable({ table: this.orderTopics }),
    );
  }
}

describe('BrokerRegistration', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function setUp(properties: Record<string, string> = {}, extraAddresses: string[] = []) {
    const clock = new ManualClock();
    const nameServer = new FakeNameServer();
    const client = new RemotingClient();
    closers.push(
      () => nameServer.server.close(),
      () => client.close(),
    );
    const address = await nameServer.listen();
    const { configuration: settings } = BrokerConfiguration.parse({ brokerName: 'broker-a', ...properties });
    const deps = { clock, logger: silentLogger, settings };
    const topicConfig = new TopicConfigManager(deps);
    const outerApi = new BrokerOuterApi({ ...deps, client, nameServers: [...extraAddresses, address] });
    const registration = new BrokerRegistration({ ...deps, identity, topicConfig, outerApi });
    topicConfig.onChange = () => registration.request();
    closers.push(() => registration.close());
    return { clock, nameServer, registration, topicConfig };
  }

  test('registers everything at the start', async () => {
    const { nameServer, registration, topicConfig } = await setUp();
    await registration.start();
    const [{ header, body } = { header: {}, body: undefined }] = nameServer.heard;
    expect(RegisterBrokerRequestHeader.decode(header)).toMatchObject({
      brokerName: 'broker-a',
      brokerAddr: '127.0.0.1:10911',
      clusterName: 'C',
      brokerId: 0,
      haServerAddr: '127.0.0.1:10912',
      compressed: false,
      enableActingMaster: false,
    });
    expect(Object.keys(body?.topicConfigSerializeWrapper.topicConfigTable ?? {})).toEqual([
      ...topicConfig.table.keys(),
    ]);
  });

  test('tells the truth about a compressed body', async () => {
    const { nameServer, registration, topicConfig } = await setUp({ compressedRegister: 'true' });
    await registration.start();
    expect(nameServer.heard[0]?.header['compressed']).toBe('true');
    const table = nameServer.heard[0]?.body?.topicConfigSerializeWrapper.topicConfigTable ?? {};
    expect(Object.keys(table)).toHaveLength(topicConfig.table.size);
  });

  test('goes on past a NameServer that is down', async () => {
    const { nameServer, registration } = await setUp({}, ['127.0.0.1:1']);
    await registration.start();
    expect(nameServer.heard).toHaveLength(1);
  });

  test('tries again soon, and ever later, while a NameServer is down', async () => {
    const { clock, nameServer, registration } = await setUp({}, ['127.0.0.1:1']);
    await registration.start();
    for (const [index, waitMs] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
      await clock.advance(waitMs - 1);
      expect(nameServer.heard).toHaveLength(index + 1);
      await clock.advance(1);
      await nameServer.until(index + 2);
      // The attempt at the one that is down ends in its own time.
      while (clock.pendingTimers === 0) await new Promise(setImmediate);
    }
  });

  test.each([
    ['30000', 30_000],
    ['1000', 10_000],
    ['3600000', 60_000],
  ])('repeats it with the period %s clamped to %i ms', async (registerNameServerPeriod, period) => {
    const { clock, nameServer, registration } = await setUp({ registerNameServerPeriod });
    await registration.start();
    await clock.advance(period - 1);
    expect(nameServer.heard).toHaveLength(1);
    await clock.advance(1);
    await nameServer.until(2);
  });

  test('makes one registration of the topic changes of a turn', async () => {
    const { nameServer, registration, topicConfig } = await setUp();
    await registration.start();
    topicConfig.createInSendMethod('T1', 'TBW102', 'test', 4, 0);
    topicConfig.createInSendMethod('T2', 'TBW102', 'test', 4, 0);
    await nameServer.until(2);
    const table = nameServer.heard[1]?.body?.topicConfigSerializeWrapper.topicConfigTable;
    expect(table).toHaveProperty('T1');
    expect(table).toHaveProperty('T2');
    await registration.close();
    expect(nameServer.heard.map(({ code }) => code)).toEqual([
      RequestCode.REGISTER_BROKER,
      RequestCode.REGISTER_BROKER,
      RequestCode.UNREGISTER_BROKER,
    ]);
  });

  test('asks first with forceRegister=false, and registers only what changed', async () => {
    const { clock, nameServer, registration } = await setUp({ forceRegister: 'false' });
    await registration.start();
    nameServer.topicsChanged = false;
    await clock.advance(30_000);
    nameServer.topicsChanged = true;
    await clock.advance(30_000);
    await nameServer.until(2);
    await registration.close();
    expect(nameServer.heard.filter(({ code }) => code === RequestCode.REGISTER_BROKER)).toHaveLength(2);
  });

  test('marks the topics that the NameServer has an order configuration for', async () => {
    const { nameServer, registration, topicConfig } = await setUp();
    nameServer.orderTopics = { BenchmarkTest: 'broker-a:4' };
    await registration.start();
    expect(topicConfig.isOrderTopic('BenchmarkTest')).toBe(true);
  });

  test('lends its missing write permission to every topic', async () => {
    const { nameServer, registration } = await setUp({ brokerPermission: '4' });
    await registration.start();
    const table = nameServer.heard[0]?.body?.topicConfigSerializeWrapper.topicConfigTable ?? {};
    expect(table['BenchmarkTest']?.perm).toBe(4);
  });
});
