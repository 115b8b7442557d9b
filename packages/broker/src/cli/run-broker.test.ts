import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runBroker } from './run-broker.js';

describe('mqbroker', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mqbroker-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the command; it is asked to stop at once. */
  async function run(...args: string[]) {
    let out = '';
    let err = '';
    const exitCode = await runBroker(args, {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      stopRequested: () => Promise.resolve(),
    });
    return { exitCode, out, err };
  }

  function configFile(text: string): string {
    const path = join(directory, 'broker.conf');
    writeFileSync(path, `storePathRootDir=${join(directory, 'store')}\nlistenPort=0\n${text}`);
    return path;
  }

  test('says that it is up, and ends with 0 when asked to stop', async () => {
    const { exitCode, out, err } = await run('-c', configFile('brokerName=b1\n'));
    expect(err).toBe('');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^The broker\[b1, 127\.0\.0\.1:\d+\] boot success\. serializeType=JSON\n$/);
  });

  test('-p prints every setting, -n over the file', async () => {
    const { out } = await run('-p', '-n', '127.0.0.1:9876', '-c', configFile('namesrvAddr=10.0.0.1:9876\n'));
    expect(out).toContain('\nnamesrvAddr=127.0.0.1:9876\n');
    expect(out).toContain('flushDiskType=ASYNC_FLUSH\n');
    expect(out.split('\n').length).toBeGreaterThan(300);
  });

  test('-m prints the important ones only', async () => {
    const { out } = await run('-m', '-c', configFile(''));
    const names = out
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')));
    expect(names).toEqual(
      expect.arrayContaining(['namesrvAddr', 'brokerIP1', 'storePathRootDir', 'flushDiskType']),
    );
    expect(names.length).toBeLessThan(40);
  });

  test('-h lists the flags', async () => expect((await run('-h')).out).toMatch(/^usage: mqbroker/));

  test('warns of settings it does not know and goes on', async () => {
    const { exitCode, err } = await run('-c', configFile('noSuchSetting=1\n'));
    expect([exitCode, err]).toEqual([0, 'mqbroker: settings not known and left aside: noSuchSetting\n']);
  });

  test.each([
    ['an unknown flag', ['-x'], /^mqbroker: Unknown option '-x'.*\(mqbroker -h lists the flags\)\n$/],
    [
      'a file that is not there',
      ['-c', '/no/such/file'],
      /^mqbroker: the configuration file \/no\/such\/file cannot be read/,
    ],
    ['an address that is none', ['-n', 'nowhere'], /^mqbroker: the Name Server Address\[nowhere\] illegal/],
  ])('refuses %s in one sentence', async (_what, args, sentence) => {
    const { exitCode, err } = await run(...args);
    expect(exitCode).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    [
      'access control that is not there',
      'aclEnable=true\n',
      'mqbroker: aclEnable=true is not served by this version\n',
    ],
    ['a port that is none', 'listenPort=x\n', /^mqbroker: listenPort must be a whole number/],
  ])('does not start with %s', async (_what, text, sentence) => {
    const { exitCode, err } = await run('-c', configFile(text));
    expect(exitCode).toBe(1);
    if (typeof sentence === 'string') expect(err).toBe(sentence);
    else expect(err).toMatch(sentence);
  });

  test('says which port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      const { exitCode, err } = await run('-c', configFile(`listenPort=${port}\n`));
      expect([exitCode, err]).toEqual([
        1,
        `mqbroker: the port 127.0.0.1:${port} is in use; choose another listenPort\n`,
      ]);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  test('says which directory cannot be written', async () => {
    const file = join(directory, 'a-file');
    writeFileSync(file, '');
    const { exitCode, err } = await run('-c', configFile(`storePathRootDir=${join(file, 'store')}\n`));
    expect(exitCode).toBe(1);
    expect(err).toContain(file);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
