import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNamesrv } from './run-namesrv.js';

describe('mqnamesrv', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mqnamesrv-'));
    // What the server logs goes to the terminal, and is not what is looked at here.
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs the command; it is asked to stop at once. */
  async function run(...args: string[]) {
    let out = '';
    let err = '';
    const exitCode = await runNamesrv(args, {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      stopRequested: () => Promise.resolve(),
    });
    return { exitCode, out, err };
  }

  function configFile(text: string): string {
    const path = join(directory, 'namesrv.properties');
    writeFileSync(path, `kvConfigPath=${join(directory, 'kvConfig.json')}\nlistenPort=0\n${text}`);
    return path;
  }

  test('says that it is up, and ends with 0 when asked to stop', async () => {
    const { exitCode, out, err } = await run('-c', configFile(''), '-n', '127.0.0.1:9876');
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^load config properties file OK, .*\nThe Name Server boot success\. serializeType=JSON, address 127\.0\.0\.1:\d+\n$/,
    );
  });

  test('-p prints every setting, and saves updates to the file it was given', async () => {
    const path = configFile('tls.server.keyPassword=open sesame\n');
    const { out } = await run('-p', '-c', path);
    expect(out).toContain('scanNotActiveBrokerInterval=5000\n');
    expect(out).toContain(`configStorePath=${path}\n`);
    expect(out).not.toContain('sesame');
  });

  test('-h lists the flags', async () => expect((await run('-h')).out).toMatch(/^usage: mqnamesrv/));

  test('warns of settings it does not know and goes on', async () => {
    const { exitCode, err } = await run('-c', configFile('noSuchSetting=1\n'));
    expect([exitCode, err]).toEqual([0, 'mqnamesrv: settings not known and left aside: noSuchSetting\n']);
  });

  test.each([
    ['an unknown flag', ['-x'], /^mqnamesrv: Unknown option '-x'.*\(mqnamesrv -h lists the flags\)\n$/],
    [
      'a file that is not there',
      ['-c', '/no/such/file'],
      /^mqnamesrv: the configuration file \/no\/such\/file cannot be read/,
    ],
  ])('refuses %s in one sentence', async (_what, args, sentence) => {
    const { exitCode, err } = await run(...args);
    expect(exitCode).toBe(1);
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    ['a port that is none', 'listenPort=x\n', /^mqnamesrv: listenPort must be a whole number/],
    [
      'TLS without a certificate',
      'tls.server.mode=enforcing\n',
      /^mqnamesrv: tls\.server\.mode=enforcing needs both/,
    ],
  ])('does not start with %s', async (_what, text, sentence) => {
    const { exitCode, err } = await run('-c', configFile(text));
    expect([exitCode, err]).toEqual([1, expect.stringMatching(sentence)]);
  });

  test('says which port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    try {
      const { exitCode, err } = await run('-c', configFile(`listenPort=${port}\n`));
      expect([exitCode, err]).toEqual([
        1,
        `mqnamesrv: the port 127.0.0.1:${port} is in use; choose another listenPort\n`,
      ]);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});
