import { ManualClock, silentLogger } from '@mq/remoting';
import { defaultSubscriptionGroupConfig, parseFastjson } from '@mq/remoting/protocol';
import { describeGolden } from '@mq-tools/testing';
import { type GoldenVersion, goldenConfig } from '../testing/golden-config.js';
import { MemoryText } from '../testing/memory-text.js';
import { SubscriptionGroupManager } from './subscription-group-manager.js';

function setup(text?: string) {
  const file = new MemoryText(text);
  const settings = { broker: { autoCreateSubscriptionGroup: true } };
  const groups = new SubscriptionGroupManager({
    settings,
    clock: new ManualClock(),
    logger: silentLogger,
    file,
  });
  groups.load();
  return { file, settings, groups };
}

describe('SubscriptionGroupManager', () => {
  test('has the groups every broker has', () => {
    expect([...setup().groups.table.keys()].sort()).toEqual([
      'CID_ONS-HTTP-PROXY',
      'CID_ONSAPI_OWNER',
      'CID_ONSAPI_PERMISSION',
      'CID_ONSAPI_PULL',
      'CID_RMQ_SYS_TRANS',
      'FILTERSRV_CONSUMER',
      'SELF_TEST_C_GROUP',
      'TOOLS_CONSUMER',
    ]);
  });

  test('creates a legal unknown group on first use, when that is allowed', () => {
    const { file, settings, groups } = setup();
    expect(groups.find('G')).toMatchObject({ groupName: 'G', retryMaxTimes: 16, retryQueueNums: 1 });
    expect(file.text).toContain('"groupName":"G"');
    for (const illegal of ['', 'a b', '../x', 'x'.repeat(256)]) expect(groups.find(illegal)).toBeUndefined();
    settings.broker.autoCreateSubscriptionGroup = false;
    expect(groups.find('H')).toBeUndefined();
    expect(groups.find('G')).toBeDefined();
  });

  test('replaces a group, and refuses attributes that do not exist', () => {
    const { groups } = setup();
    groups.update({ ...defaultSubscriptionGroupConfig('G'), retryMaxTimes: 3 });
    expect(groups.find('G')?.retryMaxTimes).toBe(3);
    const refused = { ...defaultSubscriptionGroupConfig('G'), attributes: { '+a': 'b' } };
    expect(() => groups.update(refused)).toThrow('unsupported key: a');
  });

  test('forbids and allows reading, topic by topic, over a restart', () => {
    const { file, groups } = setup();
    groups.updateForbidden('G', 'T', 2, true);
    groups.updateForbidden('G', 'U', 2, true);
    groups.updateForbidden('G', 'U', 2, false);
    const again = setup(file.text).groups;
    expect([again.isReadForbidden('G', 'T'), again.isReadForbidden('G', 'U')]).toEqual([true, false]);
    expect(again.forbidden('G', 'T')).toBe(4);
  });

  test('deletes a group with what it is forbidden', () => {
    const { file, groups } = setup();
    groups.find('G');
    groups.updateForbidden('G', 'T', 2, true);
    expect(groups.delete('G')).toBe(true);
    expect(groups.delete('G')).toBe(false);
    expect(setup(file.text).groups.has('G')).toBe(false);
    expect(groups.isReadForbidden('G', 'T')).toBe(false);
  });

  test('raises its version with each change and keeps it over a restart', () => {
    const { file, groups } = setup();
    groups.find('G');
    groups.update(defaultSubscriptionGroupConfig('H'));
    expect(groups.dataVersion.counter).toBe(2);
    expect(setup(file.text).groups.dataVersion).toEqual(groups.dataVersion);
  });
});

describeGolden('subscriptionGroup.json of an Apache broker', () => {
  test.each<GoldenVersion>(['5.3.3', '4.9.7'])('%s: is kept whole', (version) => {
    const text = goldenConfig(version, 'subscriptionGroup.json');
    const { file, groups } = setup(text);
    groups.persist();
    const before = parseFastjson(text) as Table;
    const after = parseFastjson(file.text ?? '') as Table;
    expect(after.dataVersion).toEqual({ stateVersion: 0, ...before.dataVersion });
    for (const [name, config] of Object.entries(before.subscriptionGroupTable)) {
      expect(after.subscriptionGroupTable[name]).toMatchObject(config);
    }
    if (version === '5.3.3') expect(file.text?.length).toBe(text.length);
  });
});

interface Table {
  readonly dataVersion: object;
  readonly subscriptionGroupTable: Readonly<Record<string, object>>;
}
