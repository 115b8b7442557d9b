// The NameServer over real sockets: what a broker, a client and mqadmin ask of it.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleLogger, RemotingClient, RemotingCommand, silentLogger, type ExtFields } from '@mq/remoting';
import { bodyCrc } from '@mq/remoting/message';
import {
  RegisterBrokerRequestHeader,
  RequestCode,
  ResponseCode,
  decodeClusterInfo,
  decodeKVTable,
  decodeTopicList,
  decodeTopicRouteData,
  encodeRegisterBrokerBody,
  newTopicConfig,
} from '@mq/remoting/protocol';
import { NamesrvController } from './namesrv-controller.js';
import { namesrvSettings, type NamesrvSettings } from './settings.js';

let folder: string;
let closers: Array<() => Promise<void>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mq-namesrv-'));
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(settings: Partial<NamesrvSettings> = {}) {
  const controller = new NamesrvController(
    {
      ...namesrvSettings.defaults(),
      listenPort: 0,
      kvConfigPath: join(folder, 'kvConfig.json'),
      configStorePath: join(folder, 'namesrv.properties'),
      ...settings,
    },
    { logger: silentLogger },
  );
  closers.push(() => controller.close());
  const { port } = await controller.start();
  return `127.0.0.1:${port}`;
}

function connect(options: ConstructorParameters<typeof RemotingClient>[0] = {}) {
  const client = new RemotingClient(options);
  closers.push(() => client.close());
  return client;
}

function registration(
  topicNames: string[],
  header: Partial<Parameters<typeof RegisterBrokerRequestHeader.encode>[0]> = {},
) {
  const topicConfigTable = Object.fromEntries(
    topicNames.map((topicName) => [topicName, newTopicConfig(topicName, 4)]),
  );
  const body = encodeRegisterBrokerBody(
    {
      filterServerList: [],
      topicConfigSerializeWrapper: {
        dataVersion: { counter: 1, stateVersion: 0, timestamp: 1 },
        topicConfigTable,
      },
    },
    { compressed: header.compressed ?? false },
  );
  const ext = RegisterBrokerRequestHeader.encode({
    brokerName: 'broker-a',
    brokerAddr: '127.0.0.1:10911',
    clusterName: 'DefaultCluster',
    haServerAddr: '127.0.0.1:10912',
    brokerId: 0,
    compressed: false,
    bodyCrc32: bodyCrc(body),
    ...header,
  });
  return RemotingCommand.request(RequestCode.REGISTER_BROKER, ext, body);
}

const ask = (client: RemotingClient, address: string, code: number, ext?: ExtFields, body?: Buffer) =>
  client.request(address, RemotingCommand.request(code, ext, body));

test.each([false, true])(
  'a broker registers (compressed: %s) and clients find its topics',
  async (compressed) => {
    const address = await serve();
    const client = connect();
    expect((await client.request(address, registration(['T1', 'T2'], { compressed }))).code).toBe(
      ResponseCode.SUCCESS,
    );

    const route = await ask(client, address, RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T1' });
    expect(decodeTopicRouteData(route.body as Buffer).brokerDatas[0]?.brokerAddrs).toEqual(
      new Map([[0, '127.0.0.1:10911']]),
    );
    const list = await ask(client, address, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER);
    expect(decodeTopicList(list.body as Buffer).topicList.sort()).toEqual(['T1', 'T2']);
    const cluster = await ask(client, address, RequestCode.GET_BROKER_CLUSTER_INFO);
    expect(decodeClusterInfo(cluster.body as Buffer).clusterAddrTable).toEqual({
      DefaultCluster: ['broker-a'],
    });
  },
);

test.each([
  ['of an old version', 399, {}, '{0:"127.0.0.1:10911"}'],
  ['of a new version', 401, {}, '{"0":"127.0.0.1:10911"}'],
  ['that asks for standard JSON', 399, { acceptStandardJsonOnly: 'true' }, '{"0":"127.0.0.1:10911"}'],
])('a route answered to a client %s has the dialect it reads', async (_name, version, ext, expected) => {
  const address = await serve();
  const client = connect({ version });
  await client.request(address, registration(['T1', 'T2']));
  const route = await ask(client, address, RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T1', ...ext });
  expect(route.body?.toString()).toContain(`"brokerAddrs":${expected}`);
});

test('a registration whose bytes do not match their checksum is refused', async () => {
  const address = await serve();
  const response = await connect().request(address, registration(['T1', 'T2'], { bodyCrc32: 1 }));
  expect(response.code).toBe(ResponseCode.SYSTEM_ERROR);
  expect(response.remark).toBe('crc32 not match');
});

test('a topic nobody offers is TOPIC_NOT_EXIST', async () => {
  const response = await ask(connect(), await serve(), RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'nope' });
  expect(response.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  expect(response.remark).toContain('No topic route info in name server for the topic: nope');
});

test('a broker whose connection breaks is removed at once', async () => {
  const address = await serve();
  const broker = connect();
  await broker.request(address, registration(['T1', 'T2']));
  await broker.close();
  const client = connect();
  for (;;) {
    const { code } = await ask(client, address, RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T1' });
    if (code === ResponseCode.TOPIC_NOT_EXIST) break;
  }
});

test('key-value configuration survives a restart, and a damaged file is refused by name', async () => {
  const address = await serve();
  const client = connect();
  const entry = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1' };
  await ask(client, address, RequestCode.PUT_KV_CONFIG, { ...entry, value: 'broker-a:4' });
  expect(readFileSync(join(folder, 'kvConfig.json'), 'utf8')).toBe(
    '{"configTable":{"ORDER_TOPIC_CONFIG":{"T1":"broker-a:4"}}}',
  );

  const again = await serve();
  expect((await ask(client, again, RequestCode.GET_KV_CONFIG, entry)).extFields['value']).toBe('broker-a:4');
  const list = await ask(client, again, RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: entry.namespace });
  expect(decodeKVTable(list.body as Buffer).table).toEqual({ T1: 'broker-a:4' });
  await ask(client, again, RequestCode.DELETE_KV_CONFIG, entry);
  expect((await ask(client, again, RequestCode.GET_KV_CONFIG, entry)).code).toBe(
    ResponseCode.QUERY_NOT_FOUND,
  );
});

test('a damaged key-value file is left for the one before it, and refused by name when both are', async () => {
  const path = join(folder, 'kvConfig.json');
  writeFileSync(path, '{"configTable":');
  writeFileSync(`${path}.bak`, '{"configTable":{"N":{"K":"V"}}}');
  const address = await serve();
  const entry = { namespace: 'N', key: 'K' };
  expect((await ask(connect(), address, RequestCode.GET_KV_CONFIG, entry)).extFields['value']).toBe('V');
  writeFileSync(`${path}.bak`, '');
  await expect(serve()).rejects.toThrow(/no readable copy of .*kvConfig\.json/);
});

test('the order topic configuration comes with routes and registrations where that is switched on', async () => {
  const address = await serve({ orderMessageEnable: true });
  const client = connect();
  await ask(client, address, RequestCode.PUT_KV_CONFIG, {
    namespace: 'ORDER_TOPIC_CONFIG',
    key: 'T1',
    value: 'broker-a:4',
  });
  const registered = await client.request(address, registration(['T1', 'T2']));
  expect(decodeKVTable(registered.body as Buffer).table).toEqual({ T1: 'broker-a:4' });
  const route = await ask(client, address, RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T1' });
  expect(decodeTopicRouteData(route.body as Buffer).orderTopicConf).toBe('broker-a:4');
});

describe('settings at run time', () => {
  test.each([
    ['a path', 'kvConfigPath=/etc/passwd\n', /black list/],
    ['an unknown one', 'nosuch=1\n', /nosuch/],
    ['one fixed at the start', 'listenPort=1\n', /listenPort/],
    [
      'a bad value next to a good one',
      'orderMessageEnable=true\nwaitSecondsForService=soon\n',
      /waitSecondsForService/,
    ],
  ])('%s is refused and nothing changes', async (_name, text, remark) => {
    const address = await serve();
    const client = connect();
    const before = await ask(client, address, RequestCode.GET_NAMESRV_CONFIG);
    const response = await ask(
      client,
      address,
      RequestCode.UPDATE_NAMESRV_CONFIG,
      undefined,
      Buffer.from(text),
    );
    expect(response.code).toBe(ResponseCode.NO_PERMISSION);
    expect(response.remark).toMatch(remark);
    expect((await ask(client, address, RequestCode.GET_NAMESRV_CONFIG)).body).toEqual(before.body);
  });

  test('a mutable one takes effect at once and is saved', async () => {
    const address = await serve();
    const client = connect();
    await ask(
      client,
      address,
      RequestCode.UPDATE_NAMESRV_CONFIG,
      undefined,
      Buffer.from('enableAllTopicList=false\n'),
    );
    const list = await ask(client, address, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER);
    expect([list.code, list.remark]).toEqual([ResponseCode.SYSTEM_ERROR, 'disable']);
    expect(readFileSync(join(folder, 'namesrv.properties'), 'utf8')).toContain('enableAllTopicList=false\n');
  });

  test('the saved file has the secrets, for its owner alone; no answer shows them', async () => {
    const address = await serve({ 'tls.server.keyPassword': 'open sesame' });
    const client = connect();
    const body = Buffer.from('enableAllTopicList=false\n');
    await ask(client, address, RequestCode.UPDATE_NAMESRV_CONFIG, undefined, body);
    const answer = await ask(client, address, RequestCode.GET_NAMESRV_CONFIG);
    expect(answer.body?.toString()).toContain('tls.server.keyPassword=***\n');
    const path = join(folder, 'namesrv.properties');
    expect(readFileSync(path, 'utf8')).toContain('tls.server.keyPassword=open sesame\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

test('a code the NameServer does not serve and a header without its field are answered in words', async () => {
  const address = await serve();
  const client = connect();
  expect((await ask(client, address, RequestCode.PULL_MESSAGE)).code).toBe(
    ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
  );
  const bad = await ask(client, address, RequestCode.GET_ROUTEINFO_BY_TOPIC);
  expect(bad.code).toBe(ResponseCode.SYSTEM_ERROR);
  expect(bad.remark).toContain('topic');
});

test.each([
  ['127.0.0.1', 0],
  ['0.0.0.0', 1],
])('listening on %s is worth %d warnings', async (bindAddress, warnings) => {
  const lines: string[] = [];
  const settings = { ...namesrvSettings.defaults(), listenPort: 0, bindAddress };
  const logger = consoleLogger({ write: (line) => void lines.push(line) });
  const controller = new NamesrvController(
    { ...settings, kvConfigPath: join(folder, 'kv.json') },
    { logger },
  );
  closers.push(() => controller.close());
  await controller.start();
  expect(lines.filter((line) => line.includes('listening beyond loopback'))).toHaveLength(warnings);
});

test('a port in use rejects the start', async () => {
  const port = Number((await serve()).split(':')[1]);
  await expect(serve({ listenPort: port })).rejects.toThrow(/in use|EADDRINUSE/);
});
