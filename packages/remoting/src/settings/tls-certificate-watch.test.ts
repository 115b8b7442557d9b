import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { testCertificate } from '@mq-tools/testing';
import { ManualClock, RemotingServer, consoleLogger } from '../index.js';
import { defineSettings } from './define-settings.js';
import { watchTlsCertificate } from './tls-certificate-watch.js';
import { readTls, tlsSettings } from './tls-settings.js';

const contentsOf = ({ keyPath, certPath }: { keyPath: string; certPath: string }) => ({
  key: readFileSync(keyPath),
  cert: readFileSync(certPath),
});
const first = contentsOf(testCertificate());
const renewed = contentsOf(testCertificate('renewed'));

const settings = {
  ...defineSettings(tlsSettings).defaults(),
  'tls.server.keyPath': 'key',
  'tls.server.certPath': 'cert',
  'tls.config.file': '',
};

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function serve(files: Map<string, Buffer>) {
  const clock = new ManualClock();
  const log: string[] = [];
  const logger = consoleLogger({ write: (line) => void log.push(line) });
  const readFile = (path: string): Buffer | undefined => files.get(path);
  const { server: served } = readTls(settings, readFile);
  const server = new RemotingServer({ port: 0, ...(served === undefined ? {} : { tls: served }) });
  toClose.push(() => server.close({ timeoutMs: 0 }));
  const { port } = await server.listen();
  const watch = watchTlsCertificate({ settings, readFile, served, server, clock, logger });
  toClose.push(() => watch.cancel());
  return { port, log, look: () => clock.advance(500) };
}

/** Whether a client that trusts this certificate alone gets through. */
function isServed(port: number, { cert }: { cert: Buffer }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: cert });
    const end = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
  });
}

test('a renewed certificate is served from the next look on', async () => {
  const files = new Map(Object.entries(first));
  const { port, log, look } = await serve(files);
  expect(await isServed(port, first)).toBe(true);
  files.set('key', renewed.key).set('cert', renewed.cert);
  await look();
  expect(await isServed(port, renewed)).toBe(true);
  expect(await isServed(port, first)).toBe(false);
  await look();
  expect(log).toHaveLength(1);
});

test('half of a renewed pair changes nothing, and is told once', async () => {
  const files = new Map(Object.entries(first));
  const { port, log, look } = await serve(files);
  files.set('cert', renewed.cert);
  await look();
  await look();
  expect(log).toEqual([expect.stringContaining('cannot be used')]);
  expect(await isServed(port, first)).toBe(true);
  files.set('key', renewed.key);
  await look();
  expect(await isServed(port, renewed)).toBe(true);
});

test('a file that is away for a moment changes nothing', async () => {
  const files = new Map(Object.entries(first));
  const { port, log, look } = await serve(files);
  files.delete('key');
  await look();
  expect(log).toEqual([expect.stringContaining('there is no file key')]);
  expect(await isServed(port, first)).toBe(true);
});

test('a connection that is open stays open', async () => {
  const files = new Map(Object.entries(first));
  const { port, look } = await serve(files);
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: first.cert });
  toClose.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  let isClosed = false;
  socket.once('close', () => (isClosed = true));
  files.set('key', renewed.key).set('cert', renewed.cert);
  await look();
  expect(await isServed(port, renewed)).toBe(true);
  expect(isClosed).toBe(false);
});

test('a server without a certificate watches nothing', async () => {
  const files = new Map<string, Buffer>();
  const clock = new ManualClock();
  const readFile = (): undefined => undefined;
  const server = { replaceCertificate: (): never => assertNever() };
  const logger = consoleLogger({ write: () => assertNever() });
  watchTlsCertificate({ settings, readFile, served: undefined, server, clock, logger });
  files.set('key', first.key);
  await clock.advance(5_000);
});

function assertNever(): never {
  throw new Error('nothing was to be done');
}
