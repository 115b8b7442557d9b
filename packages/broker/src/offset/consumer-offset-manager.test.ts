import { ManualClock, silentLogger } from '@mq/remoting';
import { describeGolden } from '@mq-tools/testing';
import fc from 'fast-check';
import { MemoryText } from '../testing/memory-text.js';
import { goldenConfig } from '../testing/golden-config.js';
import { ConsumerOffsetManager } from './consumer-offset-manager.js';

const START_MS = 1_700_000_000_000;

function setup(text?: string) {
  const file = new MemoryText(text);
  const clock = new ManualClock(START_MS);
  const offsets = new ConsumerOffsetManager({
    clock,
    logger: silentLogger,
    file,
    updateVersionStep: () => 3,
  });
  offsets.load();
  return { clock, file, offsets };
}

describe('ConsumerOffsetManager', () => {
  test('answers the last commit, smaller ones included, and -1 for what it does not know', () => {
    const { offsets } = setup();
    offsets.commit('c', 'G', 'T', 1, 7);
    offsets.commit('c', 'G', 'T', 1, 5);
    expect(offsets.query('G', 'T', 1)).toBe(5);
    expect(offsets.query('G', 'T', 0)).toBe(-1);
    expect(offsets.query('H', 'T', 1)).toBe(-1);
    expect(offsets.queryAll('G', 'T')).toEqual(new Map([[1, 5]]));
    expect(offsets.queryAll('H', 'T')).toBeUndefined();
  });

  test('raises its version once in so many commits', () => {
    const { offsets } = setup();
    for (let commit = 1; commit <= 7; commit++) offsets.commit('c', 'G', 'T', 0, commit);
    expect(offsets.dataVersion.counter).toBe(2);
  });

  test('writes nothing while nothing changed', () => {
    const { file, offsets } = setup();
    offsets.persist();
    offsets.commit('c', 'G', 'T', 0, 1);
    offsets.persist();
    offsets.persist();
    expect(file.writes).toBe(1);
  });

  test('keeps a change pending when the write failed', () => {
    const { file, offsets } = setup();
    offsets.commit('c', 'G', 'T', 0, 1);
    file.failure = new Error('ENOSPC');
    expect(() => offsets.persist()).toThrow('ENOSPC');
    file.failure = undefined;
    offsets.persist();
    expect(file.text).toContain('"T@G":{0:1');
  });

  test('hands a reset to the next pull once, and answers it until then', () => {
    const { offsets } = setup();
    offsets.commit('c', 'G', 'T', 0, 50);
    offsets.assignResetOffset('T', 'G', 0, 10);
    expect(offsets.hasOffsetReset('T', 'G', 0)).toBe(true);
    offsets.commit('c', 'G', 'T', 0, 51);
    expect(offsets.query('G', 'T', 0)).toBe(10);
    expect(offsets.queryThenEraseResetOffset('T', 'G', 0)).toBe(10);
    expect(offsets.queryThenEraseResetOffset('T', 'G', 0)).toBeUndefined();
    expect(offsets.hasOffsetReset('T', 'G', 0)).toBe(false);
    expect(offsets.query('G', 'T', 0)).toBe(51);
  });

  test('keeps where pulls stand apart from what is committed', () => {
    const { offsets } = setup();
    offsets.commit('c', 'G', 'T', 0, 5);
    expect(offsets.queryPull('G', 'T', 0)).toBe(5);
    offsets.commitPull('G', 'T', 0, 9);
    expect(offsets.queryPull('G', 'T', 0)).toBe(9);
    expect(offsets.query('G', 'T', 0)).toBe(5);
    offsets.commitPull('H', 'T', 0, 9);
    expect(offsets.whichGroupsByTopic('T')).toEqual(['G']);
  });

  test('clones, removes and lists by group and topic', () => {
    const { offsets } = setup();
    offsets.commit('c', 'G', 'T', 0, 5);
    offsets.commit('c', 'G', 'U', 0, 6);
    offsets.commit('c', 'D', 'T', 1, 8);
    offsets.cloneOffset('G', 'D', 'T');
    expect(offsets.queryAll('D', 'T')).toEqual(new Map([[0, 5]]));
    expect(offsets.whichGroupsByTopic('T')).toEqual(['G', 'D']);
    expect(offsets.whichTopicsByGroup('G')).toEqual(['T', 'U']);
    offsets.removeByTopic('T');
    expect(offsets.whichTopicsByGroup('G')).toEqual(['U']);
    offsets.removeByGroup('G');
    expect(offsets.table).toEqual(new Map());
  });

  test('knows the least offset of all groups but some, without forgetting those', () => {
    const { offsets } = setup();
    offsets.commit('c', 'A', 'T', 0, 5);
    offsets.commit('c', 'B', 'T', 0, 9);
    offsets.commit('c', 'C', 'T', 0, 1);
    const minOffset = () => 2;
    expect(offsets.minOffsetOfAllGroups('T', new Set(), minOffset)).toEqual(new Map([[0, 5]]));
    expect(offsets.minOffsetOfAllGroups('T', new Set(['A']), minOffset)).toEqual(new Map([[0, 9]]));
    expect(offsets.query('A', 'T', 0)).toBe(5);
  });

  test('refuses a file that is no offset table, naming the queue', () => {
    expect(() => setup('{"offsetTable":{"T@G":{0:"x"}}}')).toThrow('T@G');
    expect(() => setup('[]')).toThrow();
  });

  test('is a table of offsets, for any sequence of commits, saves and reloads', () => {
    const name = fc.constantFrom('A', 'B', '%RETRY%A', '__proto__', 'constructor');
    const commit = fc.record({ group: name, topic: name, queueId: fc.nat(5), offset: fc.nat() });
    fc.assert(
      fc.property(fc.array(commit), (commits) => {
        const { file, offsets } = setup();
        const model = new Map<string, number>();
        for (const { group, topic, queueId, offset } of commits) {
          offsets.commit('c', group, topic, queueId, offset);
          model.set(`${topic}@${group}:${queueId}`, offset);
        }
        offsets.persist();
        const again = setup(file.text).offsets;
        for (const { group, topic, queueId } of commits) {
          expect(again.query(group, topic, queueId)).toBe(model.get(`${topic}@${group}:${queueId}`));
        }
        expect(again.table).toEqual(offsets.table);
      }),
    );
  });
});

describeGolden('consumerOffset.json of an Apache broker', () => {
  test('5.3.3: is written again byte for byte', () => {
    const text = goldenConfig('5.3.3', 'consumerOffset.json');
    const { file, offsets } = setup(text);
    expect(offsets.query('G_PLAIN', 'TopicPlain', 1)).toBe(32);
    offsets.commit('c', 'G_PLAIN', 'TopicPlain', 1, 32);
    offsets.persist();
    expect(sortedLines(file.text)).toEqual(sortedLines(text));
    expect(file.text?.length).toBe(text.length);
  });

  test('4.9.7: is read, and written in the form of 5.x', () => {
    const { file, offsets } = setup(goldenConfig('4.9.7', 'consumerOffset.json'));
    expect(offsets.queryAll('G_PLAIN', 'TopicPlain')).toEqual(
      new Map([
        [0, 30],
        [1, 31],
        [2, 30],
        [3, 31],
      ]),
    );
    offsets.commit('c', 'G_PLAIN', 'TopicPlain', 0, 30);
    offsets.persist();
    expect(setup(file.text).offsets.table).toEqual(offsets.table);
    expect(file.text).toContain('"groupTopicMap"');
  });
});

/** Java's maps have an order of their own; the order of groupTopicMap is not derived from that of the offsets. */
function sortedLines(text: string | undefined): string[] {
  return (text ?? '')
    .replaceAll(',', '')
    .split('\n')
    .map((line) => [...line].sort().join(''))
    .sort();
}
