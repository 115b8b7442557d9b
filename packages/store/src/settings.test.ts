import { messageStoreSettings } from './settings.js';

describe('the settings of the store', () => {
  test('defaults are within their own ranges', () => {
    const defaults = messageStoreSettings.defaults();
    const text = messageStoreSettings.toProperties(defaults);
    const pairs = text
      .trimEnd()
      .split('\n')
      .map((line): [string, string] => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)];
      });
    const { values, problems, unknown } = messageStoreSettings.parse(new Map(pairs));
    expect([problems, unknown]).toEqual([[], []]);
    expect(values).toEqual(defaults);
  });

  test('a setting without effect says so', () => {
    const row = messageStoreSettings.table().find(({ name }) => name === 'warmMapedFileEnable');
    expect(row?.help).toMatch(/has no effect/);
  });

  test('paths, sizes and modes cannot be changed while running', () => {
    const given = {
      storePathRootDir: '/x',
      mappedFileSizeCommitLog: '4096',
      flushDiskType: 'SYNC_FLUSH',
      fileReservedTime: '24',
    };
    const { changed, refused } = messageStoreSettings.update(messageStoreSettings.defaults(), given);
    expect(changed).toEqual(['fileReservedTime']);
    expect(refused).toHaveLength(3);
  });

  test('cleaning must begin before refusing', () => {
    const { problems } = messageStoreSettings.parse({ diskSpaceWarningLevelRatio: '50' });
    expect(problems.map(({ name }) => name)).toEqual(['diskSpaceCleanForciblyRatio']);
  });

  test.each(['1s 5x', '1s,5s', '', '1s  -5m', '5'])(
    'delay levels that cannot be read are refused: %j',
    (messageDelayLevel) => {
      const { problems } = messageStoreSettings.parse({ messageDelayLevel });
      expect(problems.map(({ name }) => name)).toEqual(['messageDelayLevel']);
    },
  );

  test.each(['1s', '1s 5m  2h 3d', '0.5s'])('delay levels may be %j', (messageDelayLevel) => {
    const { values, problems } = messageStoreSettings.parse({ messageDelayLevel });
    expect([values.messageDelayLevel, problems]).toEqual([messageDelayLevel, []]);
  });
});
