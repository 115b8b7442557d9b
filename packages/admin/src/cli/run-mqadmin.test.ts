import { readFileSync } from 'node:fs';
import { RemotingCommand, RemotingServer } from '@mq/remoting';
import {
  RequestCode,
  encodeClusterInfo,
  encodeKVTable,
  encodeTopicList,
  type ClusterInfo,
} from '@mq/remoting/protocol';
import { testCertificate } from '@mq-tools/testing';
import type { MqadminHost } from './mqadmin-host.js';
import { commands } from './command-table.js';
import { runMqadmin } from './run-mqadmin.js';

class FakeHost implements MqadminHost {
  stdout = '';
  stderr = '';
  pauses = 0;
  readonly files = new Map<string, string>();
  constructor(readonly env: Record<string, string> = {}) {}
  out = (text: string): void => void (this.stdout += text);
  err = (text: string): void => void (this.stderr += text);
  now = (): number => 0;
  utcOffsetMinutes = (): number => 0;
  readFile = (path: string): Buffer | undefined => {
    const text = this.files.get(path);
    return text === undefined ? undefined : Buffer.from(text);
  };
  writeFile = (path: string, data: Buffer | string): void => void this.files.set(path, data.toString());
  pause = (): Promise<boolean> => Promise.resolve(this.pauses-- > 0);
}

async function run(args: string, host = new FakeHost()) {
  const exitCode = await runMqadmin(args === '' ? [] : args.split(' '), host);
  return { exitCode, out: host.stdout, err: host.stderr };
}

describe('the command line', () => {
  test('without arguments lists every command', async () => {
    const { exitCode, out } = await run('');
    expect(exitCode).toBe(0);
    for (const { name, summary } of commands) expect(out).toContain(`   ${name.padEnd(35)} ${summary}\n`);
  });

  test.each(commands.map(({ name }) => [name]))('help %s shows its options', async (name) => {
    const { exitCode, out } = await run(`help ${name}`);
    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: mqadmin ${name}`);
    expect(out).toContain('-n, --namesrvAddr');
    expect((await run(`${name} -h`)).out).toBe(out);
  });

  test('every command has its own letters for its options', () => {
    for (const { name, options } of commands) {
      const letters = Object.values(options).flatMap(({ short }) => (short === undefined ? [] : [short]));
      expect([name, new Set([...letters, 'h', 'n']).size]).toEqual([name, letters.length + 2]);
    }
  });

  test.each([
    ['noSuch', "there is no command noSuch, 'mqadmin help' lists those there are"],
    ['help noSuch', "there is no command noSuch, 'mqadmin help' lists those there are"],
    ['createUser -u x', 'this version does not serve the command createUser'],
    ['topicRoute', "topicRoute: the option --topic is needed ('mqadmin help topicRoute' lists the options)"],
    ['topicRoute -t', 'topicRoute: option .* argument missing'],
    ['topicRoute -z', "topicRoute: unknown option '-z'"],
    ['topicRoute -t T', 'topicRoute: no NameServer is known, give -n <addresses> or set NAMESRV_ADDR'],
    [
      'topicRoute -t T -n here',
      'topicRoute: "here" is no NameServer address, it should be like 127.0.0.1:9876',
    ],
    ['updateTopic -t T -n 127.0.0.1:1', 'updateTopic: name a broker or a cluster'],
    [
      'updateTopic -t T -b 127.0.0.1:1 -r many',
      'updateTopic: --readQueueNums should be a whole number, not "many"',
    ],
    ['updateTopic -t T -b 127.0.0.1:1 -o maybe', 'updateTopic: --order should be true or false, not "maybe"'],
    ['updateTopic -t T -b 127.0.0.1:1 -a x=y', 'updateTopic: the attribute "x=y" should be like'],
    [
      'updateOrderConf -t T -m drop',
      'updateOrderConf: --method should be one of put, get, delete, not "drop"',
    ],
    ['resetOffsetByTime -g G -t T -s soon', 'resetOffsetByTime: "soon" is no time'],
    ['brokerStatus -b 127.0.0.1:1', 'brokerStatus: connect to 127.0.0.1:1 failed'],
  ])('%s is refused in one sentence', async (args, sentence) => {
    const { exitCode, out, err } = await run(args);
    expect(exitCode).toBe(1);
    expect(out).toBe('');
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(new RegExp(`^mqadmin: ${sentence.replace(/[()]/g, '\\$&')}`));
  });
});

describe('with a NameServer and brokers', () => {
  let nameServer: RemotingServer;
  let broker: RemotingServer;
  let addresses: { nameServer: string; broker: string };
  const settings: string[] = [];

  beforeAll(async () => {
    nameServer = new RemotingServer({ port: 0 });
    broker = new RemotingServer({ port: 0 });
    addresses = {
      nameServer: `127.0.0.1:${(await nameServer.listen()).port}`,
      broker: `127.0.0.1:${(await broker.listen()).port}`,
    };
    const info: ClusterInfo = {
      brokerAddrTable: {
        a: { brokerName: 'a', cluster: 'C', brokerAddrs: new Map([[0, addresses.broker]]) },
        b: { brokerName: 'b', cluster: 'C', brokerAddrs: new Map([[0, '127.0.0.1:1']]) },
      },
      clusterAddrTable: { C: ['b', 'a'] },
    };
    const answers = (server: RemotingServer, code: number, body: Buffer): void =>
      server.register(code, () => RemotingCommand.response(0, undefined, undefined, body));
    answers(nameServer, RequestCode.GET_BROKER_CLUSTER_INFO, encodeClusterInfo(info));
    const topics = encodeTopicList({ topicList: ['T1', 'T2'] });
    answers(nameServer, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, topics);
    answers(broker, RequestCode.GET_BROKER_RUNTIME_INFO, encodeKVTable({ table: { putTps: '1.5 2.5 ' } }));
    broker.register(RequestCode.UPDATE_BROKER_CONFIG, ({ body }) => {
      settings.push(body?.toString() ?? '');
      return RemotingCommand.response(0);
    });
  });

  afterAll(() => Promise.all([nameServer.close(), broker.close()]));

  const host = (): FakeHost => new FakeHost({ NAMESRV_ADDR: addresses.nameServer });

  test('NAMESRV_ADDR serves when -n is not given', async () => {
    expect(await run('topicList', host())).toEqual({ exitCode: 0, out: 'T1\nT2\n', err: '' });
  });

  test('-n goes before NAMESRV_ADDR, and the next address serves when the first is down', async () => {
    const wrong = new FakeHost({ NAMESRV_ADDR: '127.0.0.1:1' });
    const { out } = await run(`topicList -n 127.0.0.1:1;${addresses.nameServer}`, wrong);
    expect(out).toBe('T1\nT2\n');
  });

  test('names of commands are taken in any case, long options with one dash', async () => {
    expect((await run(`TOPICLIST -namesrvAddr ${addresses.nameServer}`)).out).toBe('T1\nT2\n');
  });

  test('--json prints the result for programs', async () => {
    const { out } = await run('topicList --json', host());
    expect(JSON.parse(out)).toEqual([{ topic: 'T1' }, { topic: 'T2' }]);
  });

  test('a broker that is down does not hide the others, and counts in the exit code', async () => {
    const { exitCode, out, err } = await run('clusterList', host());
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^C +a +0 +127\.0\.0\.1:\d+ .* 1\.50\(/m);
    expect(out).toMatch(/^C +b +0 +127\.0\.0\.1:1 .* 0\.00\(/m);
    expect(err).toMatch(/^mqadmin: connect to 127\.0\.0\.1:1 failed/);
  });

  test('a change for a cluster reaches the brokers that are up', async () => {
    const { exitCode, out } = await run('updateBrokerConfig -c C -k a -v b', host());
    expect([exitCode, out]).toEqual([1, `update broker config success, ${addresses.broker}\n`]);
    expect(settings).toEqual(['a=b\n']);
  });

  test('a setting cannot bring another line along', async () => {
    const both = ['updateBrokerConfig', '-b', addresses.broker, '-k', 'a', '-v', 'b\nc=d'];
    expect(await runMqadmin(both, host())).toBe(1);
    expect(settings.join()).not.toContain('c=d');
  });

  test('-i repeats until it is asked to stop', async () => {
    const repeating = host();
    repeating.pauses = 2;
    await run('clusterList -c C -i 1', repeating);
    expect(repeating.stdout.match(/^#Cluster Name/gm)).toHaveLength(3);
  });

  test('a request the server does not know is said so', async () => {
    const { exitCode, err } = await run(`haStatus -b ${addresses.broker}`, host());
    expect(exitCode).toBe(1);
    expect(err).toMatch(/REQUEST_CODE_NOT_SUPPORTED, 3, from/);
  });
});

describe('with a NameServer that talks TLS alone', () => {
  const { keyPath, certPath } = testCertificate();
  const [key, cert] = [readFileSync(keyPath, 'utf8'), readFileSync(certPath, 'utf8')];
  let nameServer: RemotingServer;
  let topicList: string;

  beforeAll(async () => {
    nameServer = new RemotingServer({
      port: 0,
      tls: { mode: 'enforcing', key, cert, ca: cert, clientAuth: 'require' },
    });
    const { port } = await nameServer.listen();
    topicList = `topicList -n localhost:${port}`;
    const body = encodeTopicList({ topicList: ['T1'] });
    nameServer.register(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () =>
      RemotingCommand.response(0, undefined, undefined, body),
    );
  });

  afterAll(() => nameServer.close());

  function hostWith(files: Readonly<Record<string, string>>): FakeHost {
    const host = new FakeHost();
    for (const [path, text] of Object.entries(files)) host.files.set(path, text);
    return host;
  }

  const pems = { '/ca.pem': cert, '/key.pem': key, '/cert.pem': cert };
  const ownPair = '--tlsKeyPath /key.pem --tlsCertPath /cert.pem';
  const properties =
    'tls.client.trustCertPath=/ca.pem\ntls.client.keyPath=/key.pem\ntls.client.certPath=/cert.pem\n';

  test.each([
    ['with its files', `--tls --tlsTrustCertPath /ca.pem ${ownPair}`, pems],
    ['with one dash', `-tls -tlsTrustCertPath /ca.pem ${ownPair}`, pems],
    ['without a look at the certificate', `--tls --tlsAuthServer false ${ownPair}`, pems],
    [
      'with a file of settings',
      '--tls --tlsConfigFile /tls.properties',
      { ...pems, '/tls.properties': properties },
    ],
    ['with Apache’s file of settings', '--tls', { ...pems, '/etc/rocketmq/tls.properties': properties }],
  ])('--tls %s gets through', async (_how, options, files) => {
    const { exitCode, out, err } = await run(`${topicList} ${options}`, hostWith(files));
    expect({ exitCode, out, err }).toEqual({ exitCode: 0, out: 'T1\n', err: '' });
  });

  test.each([
    ['', /^mqadmin: topicList: /],
    [`--tls ${ownPair}`, /self-signed certificate/],
    [
      '--tls --tlsTrustCertPath /none.pem',
      /^mqadmin: topicList: tls\.client\.trustCertPath: there is no file \/none\.pem$/m,
    ],
    ['--tlsTrustCertPath /ca.pem', /^mqadmin: topicList: --tlsTrustCertPath goes with --tls \(/],
    ['--tls --tlsAuthServer maybe', /^mqadmin: topicList: tls\.client\.authServer must be true or false/],
  ])('"%s" is refused in one sentence', async (options, sentence) => {
    const { exitCode, out, err } = await run(`${topicList} ${options}`.trim(), hostWith(pems));
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toMatch(sentence);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});
