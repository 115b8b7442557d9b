import { defineSettings, type SettingsOf } from './define-settings.js';
import { parseProperties } from './properties-file.js';
import { setting } from './setting.js';

const settings = defineSettings(
  {
    brokerName: setting.string({ default: () => 'host', help: 'Name.' }),
    listenPort: setting.int({ default: 10911, min: 0, max: 65535, help: 'Port.' }),
    maxOffset: setting.long({ default: 0, min: 0, help: 'Offset.', unit: 'bytes', mutable: true }),
    ratio: setting.double({ default: 0.75, min: 0, max: 1, help: 'Ratio.', mutable: true }),
    limit: setting.double({ default: 0.9, min: 0, max: 1, help: 'Above ratio.', mutable: true }),
    traceOn: setting.boolean({ default: true, help: 'Trace.', mutable: true }),
    flushDiskType: setting.oneOf(['ASYNC_FLUSH', 'SYNC_FLUSH'], { default: 'ASYNC_FLUSH', help: 'Flush.' }),
    addresses: setting.list({ default: ['127.0.0.1:9876'], help: 'Servers.' }),
    secretKey: setting.string({ default: '', help: 'Key.', secret: true, mutable: true }),
  },
  {
    validate: ({ ratio, limit }) =>
      ratio > limit ? [{ name: 'ratio', text: 'ratio must not exceed limit' }] : [],
  },
);

describe('declared settings', () => {
  test('have inferred types', () => {
    const values: SettingsOf<typeof settings> = settings.defaults();
    const type: 'ASYNC_FLUSH' | 'SYNC_FLUSH' = values.flushDiskType;
    const port: number = values.listenPort;
    const list: readonly string[] = values.addresses;
    // @ts-expect-error a string setting is no number
    const wrong: number = values.brokerName;
    // @ts-expect-error values are frozen
    expect(() => (values.listenPort = 1)).toThrow(TypeError);
    expect([type, port, list, wrong]).toEqual(['ASYNC_FLUSH', 10911, ['127.0.0.1:9876'], 'host']);
  });

  test('take what a file gives over the defaults, and list the names nobody declared', () => {
    const text =
      'brokerName = b \nlistenPort=1\ntraceOn=FALSE\nflushDiskType=SYNC_FLUSH\naddresses=a:1; b:2;\nnobody=1';
    const { values, unknown, problems } = settings.parse(parseProperties(text));
    expect(values).toEqual({
      ...settings.defaults(),
      brokerName: 'b',
      listenPort: 1,
      traceOn: false,
      flushDiskType: 'SYNC_FLUSH',
      addresses: ['a:1', 'b:2'],
    });
    expect(unknown).toEqual(['nobody']);
    expect(problems).toEqual([]);
  });

  test.each([
    ['listenPort', 'abc', 'listenPort must be a whole number from 0 to 65535, got "abc"'],
    ['listenPort', '65536', 'listenPort must be a whole number from 0 to 65535, got "65536"'],
    ['listenPort', '1.5', 'listenPort must be a whole number from 0 to 65535, got "1.5"'],
    ['listenPort', '10s', 'listenPort must be a whole number from 0 to 65535, got "10s"'],
    ['listenPort', '', 'listenPort must be a whole number from 0 to 65535, got ""'],
    [
      'maxOffset',
      '9007199254740992',
      'maxOffset must be a whole number from 0 to 9007199254740991, got "9007199254740992"',
    ],
    ['ratio', 'NaN', 'ratio must be a number from 0 to 1, got "NaN"'],
    ['flushDiskType', 'sync', 'flushDiskType must be one of ASYNC_FLUSH, SYNC_FLUSH, got "sync"'],
  ])('keep the default of %s for %j and say why', (name, text, sentence) => {
    const { values, problems } = settings.parse({ [name]: text });
    expect(values).toEqual(settings.defaults());
    expect(problems).toEqual([{ name, text: sentence }]);
  });

  test('read a boolean that is neither true nor false as false, as upstream, and say so', () => {
    const { values, problems } = settings.parse({ traceOn: 'yes' });
    expect(values.traceOn).toBe(false);
    expect(problems).toEqual([
      {
        name: 'traceOn',
        text: 'traceOn must be true or false (Apache takes anything else for false), got "yes"',
      },
    ]);
    expect(settings.update(settings.defaults(), { traceOn: 'yes' }).changed).toEqual([]);
  });

  test('report relations that do not hold', () => {
    expect(settings.parse({ ratio: '0.95' }).problems).toEqual([
      { name: 'ratio', text: 'ratio must not exceed limit' },
    ]);
  });

  test('take names like __proto__ for unknown', () => {
    const parsed = settings.parse(
      new Map([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    );
    expect(parsed.unknown).toEqual(['__proto__', 'constructor']);
  });
});

describe('an update while running', () => {
  const current = settings.defaults();

  test('takes mutable names, refuses the others one by one', () => {
    const { values, changed, refused } = settings.update(current, {
      maxOffset: '5',
      ratio: 'x',
      listenPort: '1',
      nobody: '1',
    });
    expect(values).toEqual({ ...current, maxOffset: 5 });
    expect(changed).toEqual(['maxOffset']);
    expect(refused.map(({ name }) => name)).toEqual(['ratio', 'listenPort', 'nobody']);
    expect(current.maxOffset).toBe(0);
  });

  test('that says what is so already changes nothing, also of names that are fixed', () => {
    expect(settings.update(current, { ratio: '0.750', listenPort: '10911' })).toEqual({
      values: current,
      changed: [],
      refused: [],
    });
  });

  test('may change two settings that only together are right', () => {
    expect(settings.update(current, { ratio: '0.95', limit: '0.99' }).changed).toEqual(['ratio', 'limit']);
  });

  test('that breaks a relation is refused as a whole', () => {
    const { values, changed, refused } = settings.update(current, { maxOffset: '5', ratio: '0.95' });
    expect(values).toBe(current);
    expect(changed).toEqual([]);
    expect(refused).toEqual([{ name: 'ratio', text: 'ratio must not exceed limit' }]);
  });

  test('is not refused for a relation that was broken before it', () => {
    const broken = settings.parse({ ratio: '0.95' }).values;
    expect(settings.update(broken, { maxOffset: '5' }).changed).toEqual(['maxOffset']);
  });
});

describe('secrets', () => {
  const values = settings.parse({ secretKey: 'hunter2' }).values;

  test('never show in the text but on explicit demand', () => {
    expect(settings.toProperties(values)).toContain('secretKey=***\n');
    expect(settings.toProperties(values, { showSecrets: true })).toContain('secretKey=hunter2\n');
  });
});

test('the text of all values reads back as the same values, in declaration order', () => {
  const given = { brokerName: 'a\\b\nc=1 中', maxOffset: '5', traceOn: 'false', addresses: 'x;y' };
  const { values } = settings.parse(given);
  const text = settings.toProperties(values, { showSecrets: true });
  expect(settings.parse(parseProperties(text))).toEqual({ values, unknown: [], problems: [] });
  expect(text.split('\n')[1]).toBe('listenPort=10911');
});

test('the docs table has a row a setting', () => {
  expect(settings.table()[2]).toEqual({
    name: 'maxOffset',
    type: 'long',
    default: '0',
    range: '0..',
    unit: 'bytes',
    mutable: true,
    help: 'Offset.',
  });
  expect(settings.table()).toHaveLength(9);
});
