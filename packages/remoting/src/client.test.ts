import { getEventListeners, getMaxListeners, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  createExtFields,
  ManualClock,
  RemotingClient,
  RemotingCommand,
  RemotingServer,
  type Connection,
  type RemotingClientDeps,
  type RemotingClientOptions,
  type RemotingError,
} from './index.js';

const echoCode = 999;
const neverCode = 998;

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function startServer(
  port = 0,
  version?: number,
): Promise<{ server: RemotingServer; address: string; port: number }> {
  const server = new RemotingServer({ port, version });
  toClose.push(() => server.close({ timeoutMs: 0 }));
  server.register(echoCode, (request) =>
    RemotingCommand.response(0, undefined, request.extFields, request.body),
  );
  server.register(neverCode, () => undefined);
  const listening = await server.listen();
  return { server, address: `${listening.host}:${listening.port}`, port: listening.port };
}

function startClient(options?: RemotingClientOptions, deps?: RemotingClientDeps): RemotingClient {
  const client = new RemotingClient(options, deps);
  toClose.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

const echo = (text = 'x'): RemotingCommand => RemotingCommand.request(echoCode, createExtFields({ text }));
const never = (): RemotingCommand => RemotingCommand.request(neverCode);

describe('requests of a client', () => {
  test('to one address share one connection and pair with their own responses', async () => {
    const { server, address } = await startServer();
    const client = startClient();
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);
    const responses = await Promise.all(texts.map((text) => client.request(address, echo(text))));
    expect(responses.map((response) => response.extFields['text'])).toEqual(texts);
    expect(server.connections.size).toBe(1);
  });

  test('wrap their opaque from the largest int32 to the smallest', async () => {
    const { server, address } = await startServer();
    const opaques: number[] = [];
    server.addHook({ beforeRequest: (request) => void opaques.push(request.opaque) });
    const client = startClient({ firstOpaque: 0x7fff_fffe });
    for (let count = 0; count < 4; count++) await client.request(address, echo());
    expect(opaques).toEqual([0x7fff_fffe, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff]);
  });

  test('fail with TIMEOUT when no response comes, and a late response hurts nobody', async () => {
    const { server, address } = await startServer();
    const clock = new ManualClock();
    const client = startClient({ closeSilentOnTimeout: false }, { clock });
    const late: (() => void)[] = [];
    server.register(neverCode, (_request, context) => {
      late.push(() => context.respond(RemotingCommand.response(0)));
      return undefined;
    });
    await client.request(address, echo());
    const asked = client.request(address, never(), { timeoutMs: 500 });
    const outcome = expect(asked).rejects.toMatchObject({ code: 'TIMEOUT', address, retryable: true });
    await clock.advance(450);
    await clock.advance(100);
    await outcome;
    await client.request(address, echo());
    late.forEach((respond) => respond());
    expect((await client.request(address, echo('after'))).extFields['text']).toBe('after');
    expect(server.connections.size).toBe(1);
  });

  test('that time out with a silent peer close the connection, so that the next one connects again', async () => {
    const { server, address } = await startServer();
    const client = startClient();
    let connects = 0;
    server.on('connect', () => connects++);
    await client.request(address, echo());
    await expect(client.request(address, never(), { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await client.request(address, echo());
    expect(connects).toBe(2);
  });

  test('fail with ABORTED when their signal says so, before or while they wait', async () => {
    const { address } = await startServer();
    const client = startClient();
    const aborter = new AbortController();
    await client.request(address, echo());
    const waiting = client.request(address, never(), { signal: aborter.signal });
    aborter.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', retryable: false });
    for (const target of [address, '127.0.0.1:1']) {
      await expect(client.request(target, echo(), { signal: aborter.signal })).rejects.toMatchObject({
        code: 'ABORTED',
      });
    }
  });

  test('may share a signal, however many they are, and leave no listener behind', async () => {
    const { address } = await startServer();
    const client = startClient();
    const { signal } = new AbortController();
    const twenty = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 20 }, () => client.request(address, echo(), { signal })));
    const connecting = twenty();
    expect(getEventListeners(signal, 'abort')).toHaveLength(20);
    // Node warns of a leak above the limit.
    expect(getMaxListeners(signal)).toBeGreaterThanOrEqual(20);
    await connecting;
    await twenty();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('with something else in place of a signal fail, and the answer that comes all the same does no harm', async () => {
    const { address } = await startServer();
    const client = startClient();
    await client.request(address, echo());
    const controller = new AbortController() as unknown as AbortSignal;
    await expect(client.request(address, echo(), { signal: controller })).rejects.toThrow(TypeError);
    expect((await client.request(address, echo())).code).toBe(0);
  });

  test('over the bound in flight fail with TOO_MANY_REQUESTS', async () => {
    const { address } = await startServer();
    const client = startClient({ maxInFlight: 2 });
    await client.request(address, echo());
    const waiting = [client.request(address, never()), client.request(address, never())];
    await expect(client.request(address, echo())).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    const failed = Promise.allSettled(waiting);
    client.closeConnection(address);
    for (const outcome of await failed) expect(outcome).toMatchObject({ reason: { code: 'CLOSED' } });
  });

  test('to an address that is none fail with BAD_ARGUMENT', async () => {
    const client = startClient();
    for (const address of ['', 'host', 'host:', ':10', 'host:70000']) {
      await expect(client.request(address, echo())).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
        retryable: false,
      });
    }
  });

  test('pass their hooks, signature last', async () => {
    const { address } = await startServer();
    const client = startClient();
    const seen: string[] = [];
    client.addHook({
      beforeRequest: (to, command) => void (command.extFields['first'] = to),
      afterResponse: (_to, command, response) => void seen.push(`${command.code} ${response.code}`),
    });
    client.addHook({
      beforeRequest: (_to, command) =>
        void (command.extFields['Signature'] = Object.keys(command.extFields).join()),
    });
    const { extFields } = await client.request(address, echo());
    expect(extFields['Signature']).toBe('text,first');
    expect(seen).toEqual(['999 0']);
  });

  test('that are oneway reach the server and take no answer', async () => {
    const { server, address } = await startServer();
    const seen = new Promise<RemotingCommand>((resolve) =>
      server.register(7, (request) => {
        resolve(request);
        return RemotingCommand.response(0);
      }),
    );
    await startClient().oneway(address, RemotingCommand.request(7));
    expect(await seen).toMatchObject({ isOneway: true, flag: 2 });
  });
});

describe('a broken connection', () => {
  test('fails what waits on it and is made again for the next request', async () => {
    const { server, address } = await startServer();
    const client = startClient();
    const events: string[] = [];
    for (const event of ['connect', 'close'] as const)
      client.on(event, (to) => void events.push(`${event} ${to}`));
    await client.request(address, echo());
    const waiting = client.request(address, never());
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'CLOSED', address });
    for (const connection of server.connections) connection.close('test');
    await outcome;
    await client.request(address, echo());
    expect(events).toEqual([`connect ${address}`, `close ${address}`, `connect ${address}`]);
  });

  test('to a server that is down fails at once until the next attempt is due, with pauses that grow', async () => {
    const { server, address, port } = await startServer();
    await server.close();
    const clock = new ManualClock();
    const client = startClient({ reconnect: { firstMs: 100, random: () => 0.5 } }, { clock });
    const pauseMs = async (): Promise<number | undefined> => {
      const error = await client.request(address, echo()).catch((thrown: RemotingError) => thrown);
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', address, retryable: true });
      expect((error as RemotingError).message).toMatch(/ECONNREFUSED/);
      return (error as RemotingError).retryAfterMs;
    };
    expect(await pauseMs()).toBeUndefined();
    expect(await pauseMs()).toBe(75);
    await clock.advance(76);
    expect(await pauseMs()).toBeUndefined();
    expect(await pauseMs()).toBe(150);
    await clock.advance(151);
    await startServer(port);
    expect((await client.request(address, echo())).code).toBe(0);
  });

  test('to a server that never accepts the handshake is given up after the connect timeout', async () => {
    const silent: Server = createServer();
    const sockets: Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    toClose.push(async () => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
      await once(silent, 'close');
    });
    const { port } = silent.address() as { port: number };
    const client = startClient({ tls: {}, connectTimeoutMs: 50 });
    await expect(client.request(`127.0.0.1:${port}`, echo())).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
  });
});

describe('a client', () => {
  test('leaves a server that answers GO_AWAY and asks once more over a new connection', async () => {
    const { server, address } = await startServer();
    const connections: Connection[] = [];
    server.register(8, (_request, { connection }) => {
      if (!connections.includes(connection)) connections.push(connection);
      return RemotingCommand.response(connections.length === 1 ? 1500 : 0);
    });
    const client = startClient();
    expect(await client.request(address, RemotingCommand.request(8))).toMatchObject({ code: 0 });
    expect(connections).toHaveLength(2);
  });

  test('closes idle connections', async () => {
    const { address } = await startServer();
    const clock = new ManualClock();
    const client = startClient({ idleTimeoutMs: 1000 }, { clock });
    await client.request(address, echo());
    const idle = new Promise<string>((resolve) => client.on('idle', resolve));
    await clock.advance(3000);
    expect(await idle).toBe(address);
    expect(client.connectionTo(address)).toBeUndefined();
  });

  test('waits for what is in flight when it closes, then refuses', async () => {
    const { server, address } = await startServer();
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) =>
      server.register(neverCode, (_request, context) => {
        answer = () => context.respond(RemotingCommand.response(0, 'late'));
        resolve();
        return undefined;
      }),
    );
    const client = startClient();
    const response = client.request(address, never());
    await asked;
    const closing = client.close();
    expect(client.close()).toBe(closing);
    answer();
    expect(await response).toMatchObject({ remark: 'late' });
    await closing;
    await expect(client.request(address, echo())).rejects.toMatchObject({ code: 'CLOSED', retryable: false });
  });
});

describe('MSGPACK', () => {
  test('is used from the second request on when both ends are ours, in both directions', async () => {
    const { server, address } = await startServer();
    const codecs: string[] = [];
    const ext: string[] = [];
    server.addHook({
      beforeRequest: (request) => {
        codecs.push(request.serializeType);
        ext.push(Object.keys(request.extFields).join());
      },
    });
    const client = startClient({ serializeType: 'MSGPACK' });
    client.register(40, (request) => RemotingCommand.response(0, request.serializeType));
    for (let count = 0; count < 3; count++) {
      expect((await client.request(address, echo())).serializeType).toBe('MSGPACK');
    }
    expect(codecs).toEqual(['JSON', 'MSGPACK', 'MSGPACK']);
    expect(ext).toEqual(['text,mqCodecs', 'text', 'text']);
    const [connection] = [...server.connections];
    const pushed = await connection!.request(RemotingCommand.request(40), { timeoutMs: 3000 });
    expect(pushed.remark).toBe('MSGPACK');
  });

  test('is never used by a client that does not ask for it', async () => {
    const { address } = await startServer();
    for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
      const client = startClient({ serializeType });
      for (let count = 0; count < 2; count++) {
        const response = await client.request(address, echo());
        expect(response.serializeType).toBe(serializeType);
        expect(response.extFields['mqCodecs']).toBeUndefined();
      }
    }
  });
});
