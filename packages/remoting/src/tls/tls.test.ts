import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  consoleLogger,
  RemotingClient,
  RemotingCommand,
  RemotingServer,
  type ClientTlsOptions,
  type ServerTlsOptions,
} from '../index.js';

const fixture = (name: string): string => readFileSync(join(__dirname, '../../test/fixtures', name), 'utf8');
const key = fixture('tls-key.pem');
const cert = fixture('tls-cert.pem');
const echoCode = 999;

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function startServer(
  tls?: ServerTlsOptions,
): Promise<{ address: string; port: number; log: string[] }> {
  const log: string[] = [];
  const logger = consoleLogger({ write: (line) => void log.push(line) });
  const server = new RemotingServer({ port: 0, ...(tls === undefined ? {} : { tls }) }, { logger });
  toClose.push(() => server.close({ timeoutMs: 0 }));
  server.register(echoCode, (request) => RemotingCommand.response(0, undefined, undefined, request.body));
  const { port } = await server.listen();
  return { address: `localhost:${port}`, port, log };
}

async function ask(
  address: string,
  tls: ClientTlsOptions | false,
  body = Buffer.from('hello'),
): Promise<RemotingCommand> {
  const client = new RemotingClient({ tls });
  toClose.push(() => client.close({ timeoutMs: 0 }));
  return client.request(address, RemotingCommand.request(echoCode, undefined, body));
}

const trusting: ClientTlsOptions = { ca: cert };

describe.each<[ServerTlsOptions['mode'] | 'none', boolean, boolean]>([
  ['none', false, true],
  ['disabled', false, true],
  ['permissive', true, true],
  ['enforcing', true, false],
])('a server whose TLS mode is %s', (mode, servesTls, servesPlain) => {
  const options = mode === 'none' ? undefined : { mode, key, cert };

  test(`${servesTls ? 'talks' : 'refuses'} TLS`, async () => {
    const { address } = await startServer(options);
    if (servesTls) expect((await ask(address, trusting)).body?.toString()).toBe('hello');
    else
      await expect(ask(address, trusting)).rejects.toMatchObject({
        code: expect.stringMatching(/TLS|CONNECT_FAILED/),
      });
  });

  test(`${servesPlain ? 'talks' : 'refuses'} plain text`, async () => {
    const { address } = await startServer(options);
    if (servesPlain) expect((await ask(address, false)).body?.toString()).toBe('hello');
    else await expect(ask(address, false)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('TLS', () => {
  const serving: ServerTlsOptions = { mode: 'permissive', key, cert };

  test('carries bodies of many records', async () => {
    const { address } = await startServer(serving);
    const body = Buffer.alloc(3_000_000, 'abc');
    expect((await ask(address, trusting, body)).body?.equals(body)).toBe(true);
  });

  test('to a server whose certificate is not trusted fails with TLS', async () => {
    const { address } = await startServer(serving);
    await expect(ask(address, {})).rejects.toMatchObject({ code: 'TLS', retryable: false });
    expect((await ask(address, { rejectUnauthorized: false })).code).toBe(0);
  });

  test('asks clients for a certificate where that is required', async () => {
    const { address } = await startServer({ ...serving, ca: cert, clientAuth: 'require' });
    await expect(ask(address, trusting)).rejects.toMatchObject({ code: expect.stringMatching(/TLS|CLOSED/) });
    expect((await ask(address, { ...trusting, key, cert })).code).toBe(0);
  });

  test('that is broken off, or is no TLS after all, ends that connection alone', async () => {
    const { address, port, log } = await startServer(serving);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(Buffer.from('16030100050000000000', 'hex'));
    await once(socket, 'close');
    expect((await ask(address, trusting)).code).toBe(0);
    expect(log.filter((line) => line.includes('before its first frame'))).toHaveLength(1);
    expect(log[0]).toMatch(/handshake/);
  });

  test('behind a PROXY header works', async () => {
    const { port } = await startServer(serving);
    const { connect: connectTls } = await import('node:tls');
    const raw = connect(port, '127.0.0.1');
    raw.write('PROXY TCP4 10.1.2.3 10.0.0.1 8080 80\r\n');
    const secure = connectTls({ socket: raw, ca: cert, servername: 'localhost' });
    await once(secure, 'secureConnect');
    secure.destroy();
    raw.destroy();
  });

  test.each<[string, ServerTlsOptions]>([
    ['without a key', { mode: 'enforcing', cert }],
    ['with a key that is none', { mode: 'enforcing', key: 'no key', cert }],
    ['below version 1.2', { mode: 'enforcing', key, cert, minVersion: 'TLSv1' }],
    ['with client certificates but no ca', { mode: 'enforcing', key, cert, clientAuth: 'require' }],
  ])('%s is refused when the server is made', (_name, tls) => {
    expect(() => new RemotingServer({ port: 0, tls })).toThrow(expect.objectContaining({ code: 'TLS' }));
  });
});
