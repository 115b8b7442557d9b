import { ManualClock, TurnScheduler, silentLogger } from '@mq/remoting';
import { type TopicConfig, newTopicConfig, parseFastjson } from '@mq/remoting/protocol';
import { describeGolden } from '@mq-tools/testing';
import { type GoldenVersion, goldenConfig } from '../testing/golden-config.js';
import { MemoryText } from '../testing/memory-text.js';
import { TopicConfigManager } from './topic-config-manager.js';

const broker = {
  brokerName: 'broker-a',
  brokerClusterName: 'GoldenCluster',
  autoCreateTopicEnable: true,
  defaultTopicQueueNums: 8,
  clusterTopicEnable: true,
  brokerTopicEnable: true,
  traceTopicEnable: false,
  msgTraceTopicName: 'RMQ_SYS_TRACE_TOPIC',
  reviveQueueNum: 8,
};

function setup(options: { text?: string; settings?: Partial<typeof broker>; turn?: TurnScheduler } = {}) {
  const file = new MemoryText(options.text);
  const settings = { broker: { ...broker, ...options.settings } };
  const clock = new ManualClock();
  const topics = new TopicConfigManager({ settings, clock, logger: silentLogger, file, turn: options.turn });
  const changes: (TopicConfig | undefined)[] = [];
  topics.onChange = (topic) => changes.push(topic);
  topics.load();
  return { file, settings, topics, changes };
}

describe('TopicConfigManager', () => {
  test('creates a topic on the first send after the template, with no more queues than it has', () => {
    const { file, topics, changes } = setup();
    expect(topics.createInSendMethod('T', 'TBW102', 'c', 4, 1)).toMatchObject({
      topicName: 'T',
      readQueueNums: 4,
      writeQueueNums: 4,
      perm: 6,
      topicSysFlag: 1,
    });
    expect(topics.createInSendMethod('U', 'TBW102', 'c', 100, 0)?.writeQueueNums).toBe(8);
    expect(topics.createInSendMethod('T', 'TBW102', 'c', 1, 0)?.writeQueueNums).toBe(4);
    expect(topics.dataVersion.counter).toBe(2);
    expect(changes.map((topic) => topic?.topicName)).toEqual(['T', 'U']);
    expect(file.text).toContain('"topicName":"U"');
  });

  test('creates no topic after a template that is unknown, closed, or switched off', () => {
    const { settings, topics } = setup();
    expect(topics.createInSendMethod('T', 'Nothing', 'c', 4, 0)).toBeUndefined();
    expect(topics.createInSendMethod('T', 'BenchmarkTest', 'c', 4, 0)).toBeUndefined();
    settings.broker.autoCreateTopicEnable = false;
    expect(topics.createInSendMethod('T', 'TBW102', 'c', 4, 0)).toBeUndefined();
    expect(setup({ settings: { autoCreateTopicEnable: false } }).topics.select('TBW102')).toBeUndefined();
  });

  test('creates retry topics once and takes over their order', () => {
    const { topics } = setup();
    expect(topics.createInSendBackMethod('%RETRY%G', 1, 6, 0)).toMatchObject({
      readQueueNums: 1,
      order: false,
    });
    expect(topics.createInSendBackMethod('%RETRY%G', 9, 2, 0, true)).toMatchObject({
      readQueueNums: 1,
      perm: 6,
      order: true,
    });
    expect(topics.dataVersion.counter).toBe(2);
  });

  test('writes the topics of one turn once, before its responses leave', async () => {
    const turn = new TurnScheduler();
    const { file, topics } = setup({ turn });
    for (const name of ['A', 'B', 'C']) topics.createInSendMethod(name, 'TBW102', 'c', 4, 0);
    const writesAtFlush = await new Promise<number>((resolve) =>
      turn.atTurnEnd(1, { runAtTurnEnd: () => resolve(file.writes) }),
    );
    expect(writesAtFlush).toBe(1);
    expect(file.text).toContain('"topicName":"C"');
  });

  test('keeps a self-created topic when its write fails, and writes it with the next change', () => {
    const { file, topics } = setup();
    file.failure = new Error('ENOSPC');
    expect(topics.createInSendMethod('A', 'TBW102', 'c', 4, 0)).toBeDefined();
    file.failure = undefined;
    topics.createInSendMethod('B', 'TBW102', 'c', 4, 0);
    expect(file.text).toContain('"topicName":"A"');
  });

  test('fails an operator whose change cannot be written', () => {
    const { file, topics } = setup();
    file.failure = new Error('ENOSPC');
    expect(() => topics.update(newTopicConfig('T', 4))).toThrow('ENOSPC');
  });

  test('changes attributes by request, and nothing at all when one of a list is refused', () => {
    const { topics } = setup();
    topics.update({ ...newTopicConfig('T', 4), attributes: { '+message.type': 'FIFO' } });
    expect(topics.select('T')?.attributes).toEqual({ 'message.type': 'FIFO' });
    topics.update({ ...newTopicConfig('T', 2), attributes: {} });
    expect(topics.select('T')).toMatchObject({ readQueueNums: 2, attributes: { 'message.type': 'FIFO' } });
    const refused = { ...newTopicConfig('V', 4), attributes: { '+color': 'red' } };
    expect(() => topics.updateList([newTopicConfig('U', 4), refused])).toThrow('unsupported key: color');
    expect(topics.select('U')).toBeUndefined();
  });

  test('deletes what exists and says so', () => {
    const { file, topics } = setup();
    topics.update(newTopicConfig('T', 4));
    expect(topics.delete('T')).toBe(true);
    expect(topics.delete('T')).toBe(false);
    expect(file.text).not.toContain('"topicName":"T"');
  });

  test('marks the topics of the order configuration', () => {
    const { topics } = setup();
    topics.update(newTopicConfig('T', 4));
    const { counter } = topics.dataVersion;
    topics.updateOrderTopicConfig(['T', 'unknown']);
    topics.updateOrderTopicConfig(['T']);
    expect(topics.isOrderTopic('T')).toBe(true);
    expect(topics.dataVersion.counter).toBe(counter + 1);
  });

  test('knows its own system topics', () => {
    const { topics } = setup();
    for (const name of ['TBW102', 'GoldenCluster', 'broker-a', 'GoldenCluster_REPLY_TOPIC', 'rmq_sys_x']) {
      expect([name, topics.isSystemTopic(name)]).toEqual([name, true]);
    }
    expect(topics.isSystemTopic('T')).toBe(false);
  });

  test('refuses to load what is no topic table', () => {
    expect(() => setup({ text: '[]' })).toThrow();
    expect(() => setup({ text: '{"topicConfigTable":{"T":7}}' })).toThrow('topicConfigTable');
  });
});

describeGolden('topics.json of an Apache broker', () => {
  test.each<GoldenVersion>(['5.3.3', '4.9.7'])(
    '%s: is kept whole, and the built-in topics agree',
    (version) => {
      const text = goldenConfig(version, 'topics.json');
      const { file, topics } = setup({ text });
      topics.persist();
      const before = parseFastjson(text) as Table;
      const after = parseFastjson(file.text ?? '') as Table;
      expect(after.dataVersion).toEqual({ stateVersion: 0, ...before.dataVersion });
      for (const [name, config] of Object.entries(before.topicConfigTable)) {
        expect(after.topicConfigTable[name]).toEqual({ attributes: {}, ...config });
      }
      const builtIn = setup({ settings: goldenSettings }).topics.table;
      for (const [name, config] of builtIn) {
        const theirs = before.topicConfigTable[name];
        if (theirs !== undefined) expect({ ...theirs, attributes: {} }).toEqual(config);
      }
    },
  );

  test('5.3.3: is written again byte for byte when no topic of ours is missing in it', () => {
    const text = goldenConfig('5.3.3', 'topics.json');
    const { file, topics } = setup({ text });
    const theirs = Object.keys((parseFastjson(text) as Table).topicConfigTable);
    expect([...topics.table.keys()].filter((name) => !theirs.includes(name))).toEqual([]);
    topics.persist();
    expect(file.text?.length).toBe(text.length);
    expect(lines(file.text)).toEqual(lines(text));
  });
});

/** Of the golden brokers' config.properties. */
const goldenSettings = { defaultTopicQueueNums: 4 };

interface Table {
  readonly dataVersion: object;
  readonly topicConfigTable: Readonly<Record<string, object>>;
}

/** Java's map order differs from ours; every line must be there all the same. */
const lines = (text: string | undefined) =>
  (text ?? '')
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .sort();
