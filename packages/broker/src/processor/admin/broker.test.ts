import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  RequestCode,
  ResponseCode,
  decodeBrokerStatsData,
  decodeDataVersion,
  decodeKVTable,
  requestCodeName,
} from '@mq/remoting/protocol';
import { parseProperties } from '@mq/remoting/settings';
import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { RunningBroker } from '../../testing/running-broker.js';
import { adminRequestTable } from './admin-request-table.js';

let broker: RunningBroker;
let configDirectory: string;
let configPath: string;

beforeAll(async () => {
  configDirectory = mkdtempSync(join(tmpdir(), 'mq-admin-conf-'));
  configPath = join(configDirectory, 'broker.conf');
  const secret = { 'tls.server.keyPassword': 'open sesame' };
  broker = await RunningBroker.start({ brokerConfigPath: configPath, ...secret });
});

afterAll(async () => {
  await broker.close();
  rmSync(configDirectory, { recursive: true, force: true });
});

const update = (text: string) => broker.ask(RequestCode.UPDATE_BROKER_CONFIG, {}, Buffer.from(text));
const config = async () => {
  const answer = await broker.ask(RequestCode.GET_BROKER_CONFIG);
  const version = decodeDataVersion(answer.extFields['version'] ?? '');
  return { version, values: parseProperties(answer.body?.toString() ?? '') };
};

describe('UPDATE_BROKER_CONFIG', () => {
  test('changes a setting at once, shows it, and saves all of them to the file', async () => {
    const before = (await config()).version;
    expect((await update('longPollingEnable=false\nshortPollingTimeMills=500\n')).code).toBe(0);
    expect(broker.parts.settings.broker).toMatchObject({
      longPollingEnable: false,
      shortPollingTimeMills: 500,
    });
    const after = await config();
    expect(after.values.get('shortPollingTimeMills')).toBe('500');
    expect(after.version.counter).toBe(before.counter + 1);
    const saved = parseProperties(readFileSync(configPath, 'latin1'));
    expect(saved.get('shortPollingTimeMills')).toBe('500');
    expect(saved.get('brokerName')).toBe('broker-a');
  });

  test('saves secrets for the next start, in a file for its owner alone; no answer shows them', async () => {
    await update('shortPollingTimeMills=501\n');
    expect(readFileSync(configPath, 'latin1')).toContain('tls.server.keyPassword=open sesame\n');
    expect(statSync(configPath).mode & 0o777).toBe(0o600);
    expect((await config()).values.get('tls.server.keyPassword')).toBe('***');
  });

  test('is no change when the value is the same', async () => {
    const { version } = await config();
    expect((await update('traceOn=true')).code).toBe(0);
    expect((await config()).version).toEqual(version);
  });

  test.each([
    ['a path', 'storePathRootDir=/etc'],
    ['the configuration file itself', 'brokerConfigPath=/tmp/x'],
    ['the list of what is refused', 'configBlackList='],
    ['an address', 'namesrvAddr=10.0.0.1:9876'],
    ['who the broker is', 'brokerName=other'],
    ['an unknown name', 'noSuchSetting=1'],
    ['a prototype', '__proto__=1'],
    ['a value out of range', 'brokerPermission=99'],
    ['a value that is none', 'shortPollingTimeMills=soon'],
  ])('refuses %s and says which', async (_name, text) => {
    const before = broker.parts.settings.toProperties();
    const answer = await update(text);
    const name = text.split('=')[0] ?? '';
    expect([answer.code, answer.remark]).toEqual([ResponseCode.NO_PERMISSION, expect.stringContaining(name)]);
    expect(broker.parts.settings.toProperties()).toBe(before);
  });

  test('takes what it may and names the rest', async () => {
    const answer = await update('shortPollingTimeMills=700\nbrokerName=other\n');
    expect(answer.remark).toContain('brokerName');
    expect(answer.remark).toContain('Changed: shortPollingTimeMills');
    expect(broker.parts.settings.broker.shortPollingTimeMills).toBe(700);
  });

  test('makes the topics newer when the broker’s permission changes, for the NameServers to notice', async () => {
    const { counter } = broker.parts.topicConfig.dataVersion;
    expect((await update('brokerPermission=4')).code).toBe(0);
    expect(broker.parts.topicConfig.dataVersion.counter).toBe(counter + 1);
    await update('brokerPermission=6');
  });

  test('takes an empty body for no change', async () => {
    expect((await broker.ask(RequestCode.UPDATE_BROKER_CONFIG)).code).toBe(0);
  });
});

describe('GET_BROKER_RUNTIME_INFO', () => {
  test('counts messages put and taken', async () => {
    const table = async () =>
      decodeKVTable((await broker.ask(RequestCode.GET_BROKER_RUNTIME_INFO)).body).table;
    const before = await table();
    await broker.send('T', 0, 'body');
    const after = await table();
    expect(Number(after['msgPutTotalTodayNow'])).toBe(Number(before['msgPutTotalTodayNow']) + 1);
    expect(after).toMatchObject({ brokerVersion: '479', brokerVersionDesc: 'V5_3_3', brokerActive: 'true' });
    expect(after['commitLogDirCapacity']).toMatch(/^Total : [\d.]+ [KMGTP]iB, Free : [\d.]+ [KMGTP]iB\.$/);
    expect(after['getTransferedTps']).toBe(after['getTransferredTps']);
    expect(Object.values(after).every((value) => typeof value === 'string')).toBe(true);
  });
});

describe('VIEW_BROKER_STATS_DATA', () => {
  test('shows what was counted and knows nothing else', async () => {
    await broker.send('Viewed', 0, 'body');
    broker.parts.stats.sample('minute');
    const view = (statsKey: string) =>
      broker.ask(RequestCode.VIEW_BROKER_STATS_DATA, { statsName: 'TOPIC_PUT_NUMS', statsKey });
    expect(decodeBrokerStatsData((await view('Viewed')).body).statsMinute.sum).toBe(1);
    const nothing = await view('nothing');
    expect([nothing.code, nothing.remark]).toEqual([1, 'The stats <TOPIC_PUT_NUMS> <nothing> not exist']);
  });
});

describe('every admin code', () => {
  test('answers nonsense with an error that says something, or ignores it, and lives on', async () => {
    const nonsense = { topic: '\u0000', group: '../..', consumerGroup: '', queueId: '1e9', timestamp: 'x' };
    for (const code of adminRequestTable(broker.parts).keys()) {
      const answer = await broker.ask(code, nonsense, Buffer.from('{"a":[{{}}'));
      const name = requestCodeName(code);
      if (answer.code !== 0) expect([name, answer.remark]).toEqual([name, expect.stringMatching(/./)]);
      expect([name, answer.remark]).not.toEqual([name, expect.stringContaining('failed:')]);
    }
    expect((await broker.ask(RequestCode.GET_BROKER_HA_STATUS)).code).toBe(0);
  });
});
