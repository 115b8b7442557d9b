import { parseProperties } from '@mq/remoting/settings';

import { BrokerConfiguration } from './broker-configuration.js';

const parse = (text: string) => BrokerConfiguration.parse(parseProperties(text));

describe('BrokerConfiguration', () => {
  test('reads a broker.conf of Apache as it is', () => {
    const { configuration, unknown, problems } = parse(
      '# comment\nbrokerClusterName = DefaultCluster\nbrokerName = broker-a\nbrokerId = 0\ndeleteWhen = 04\n' +
        'fileReservedTime = 48\nbrokerRole = SYNC_MASTER\nflushDiskType = ASYNC_FLUSH\nsendMessageThreadPoolNums=16\n',
    );
    expect(problems).toEqual([]);
    expect(unknown).toEqual([]);
    expect(configuration.broker).toMatchObject({
      brokerName: 'broker-a',
      brokerId: 0,
      sendMessageThreadPoolNums: 16,
    });
    expect(configuration.store).toMatchObject({ fileReservedTime: 48, brokerRole: 'SYNC_MASTER' });
  });

  test('names settings that nobody declares, once', () => {
    expect(parse('noSuchSetting=1\nbrokerName=b').unknown).toEqual(['noSuchSetting']);
  });

  test.each([
    ['listenPort=70000', 'listenPort must be a whole number from 0 to 65535, got "70000"'],
    ['aclEnable=true', 'aclEnable=true is not served by this version'],
    ['enableDLegerCommitLog=true', 'enableDLegerCommitLog=true is not served by this version'],
    ['enableControllerMode=true', 'enableControllerMode=true is not served by this version'],
    ['brokerRole=SLAVE\nbrokerId=1', 'brokerRole=SLAVE is not served by this version'],
  ])('says in a sentence what is wrong with %j', (text, sentence) => {
    expect(parse(text).problems.map((problem) => problem.text)).toEqual([sentence]);
  });

  test.each([
    ['', 10_912],
    ['listenPort=20911', 20_912],
    ['listenPort=20911\nhaListenPort=30000', 30_000],
    ['listenPort=0', 0],
  ])('puts the HA port above the listening port unless it is given: %j', (text, expected) => {
    expect(parse(text).configuration.store.haListenPort).toBe(expected);
  });

  test('prints what reads back as the same settings', () => {
    const { configuration } = parse('brokerName=b\nlistenPort=20911\nregionId=Région');
    const again = parse(configuration.toProperties());
    expect(again.configuration.toProperties()).toBe(configuration.toProperties());
  });

  describe('update', () => {
    test('takes mutable settings of broker and store and tells the listeners', () => {
      const { configuration } = parse('');
      const heard: string[][] = [];
      configuration.onChange((changed) => void heard.push([...changed]));
      const update = configuration.update({ regionId: 'R2', maxMessageSize: '65536' });
      expect(update).toEqual({ changed: ['regionId', 'maxMessageSize'], refused: [] });
      expect(configuration.broker.regionId).toBe('R2');
      expect(configuration.store.maxMessageSize).toBe(65_536);
      expect(heard).toEqual([['regionId', 'maxMessageSize']]);
    });

    test.each([
      'listenPort',
      'storePathRootDir',
      'brokerIP1',
      'configBlackList',
      'brokerConfigPath',
      'noSuchSetting',
    ])('refuses %s, whatever the value', (name) => {
      const { configuration } = parse('');
      const before = configuration.toProperties();
      expect(configuration.update({ [name]: '1' }).refused.map((problem) => problem.name)).toEqual([name]);
      expect(configuration.toProperties()).toBe(before);
    });

    test('refuses what the operator put on the black list', () => {
      const { configuration } = parse('configBlackList=traceOn;regionId');
      const { changed, refused } = configuration.update({ regionId: 'R2', brokerPermission: '4' });
      expect(changed).toEqual(['brokerPermission']);
      expect(refused.map((problem) => problem.text)).toEqual(['regionId is on configBlackList']);
    });
  });
});
