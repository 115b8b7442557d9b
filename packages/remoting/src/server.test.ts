import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import {
  consoleLogger,
  createExtFields,
  encodeFrame,
  FrameDecoder,
  ManualClock,
  proxyHeaderAttribute,
  RemotingClient,
  RemotingCommand,
  RemotingError,
  RemotingServer,
  writeJsonText,
  writeRocketmqEntry,
  type Connection,
  type HotResponseHeader,
  type RemotingServerDeps,
  type RemotingServerOptions,
  type SerializeType,
} from './index.js';
import type { SocketConnection } from './socket-connection.js';

const echoCode = 999;
const neverCode = 998;
const bigCode = 997;
const hotCode = 996;

/** A server that echoes, and the raw sockets a test opens to it; everything is closed after the test. */
class Bench {
  readonly log: string[] = [];
  readonly server: RemotingServer;
  readonly sockets: Socket[] = [];
  readonly clients: RemotingClient[] = [];
  address = '';
  port = 0;

  constructor(options: Partial<RemotingServerOptions> = {}, deps: RemotingServerDeps = {}) {
    const logger = consoleLogger({ level: 'info', write: (line) => void this.log.push(line) });
    this.server = new RemotingServer({ port: 0, ...options }, { logger, ...deps });
    this.server.register(echoCode, (request) =>
      RemotingCommand.response(0, undefined, request.extFields, request.body),
    );
    this.server.register(neverCode, () => undefined);
  }

  async listen(): Promise<this> {
    const { host, port } = await this.server.listen();
    this.port = port;
    this.address = `${host}:${port}`;
    return this;
  }

  client(...args: ConstructorParameters<typeof RemotingClient>): RemotingClient {
    const client = new RemotingClient(...args);
    this.clients.push(client);
    return client;
  }

  async socket(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    this.sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.clients.map((client) => client.close({ timeoutMs: 0 })));
    await this.server.close({ timeoutMs: 0 });
  }
}

let bench: Bench;
const start = async (options?: Partial<RemotingServerOptions>, deps?: RemotingServerDeps): Promise<Bench> => {
  bench = await new Bench(options, deps).listen();
  return bench;
};
afterEach(() => bench.close());

function frameOf(code: number, opaque: number, serializeType: SerializeType = 'JSON', body?: Buffer): Buffer {
  const command = RemotingCommand.request(code, createExtFields({ n: String(opaque) }), body);
  return encodeFrame(Object.assign(command, { opaque, serializeType, language: 'JAVA' }));
}

/** Reads `count` frames from a raw socket. */
async function readFrames(socket: Socket, count: number): Promise<RemotingCommand[]> {
  const decoder = new FrameDecoder();
  const frames: RemotingCommand[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    decoder.push(chunk as Buffer);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) frames.push(next);
    if (frames.length >= count) break;
  }
  return frames;
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : once(socket, 'close');

describe('a request', () => {
  test('is answered with ext fields and body', async () => {
    const { address } = await start();
    const request = RemotingCommand.request(echoCode, { topic: 'T', text: 'ü"\\\n' }, Buffer.from('body'));
    const response = await bench.client().request(address, request);
    expect(response).toMatchObject({ code: 0, isResponse: true, version: 479, language: 'OTHER' });
    expect({ ...response.extFields }).toEqual({ topic: 'T', text: 'ü"\\\n' });
    expect(response.body?.toString()).toBe('body');
  });

  test.each<SerializeType>(['JSON', 'ROCKETMQ'])(
    'in %s is answered in the same codec with its opaque',
    async (serializeType) => {
      await start();
      const socket = await bench.socket();
      socket.write(
        Buffer.concat([-1, 0x7fff_ffff].map((opaque) => frameOf(echoCode, opaque, serializeType))),
      );
      const frames = await readFrames(socket, 2);
      expect(frames.map((frame) => frame.opaque)).toEqual([-1, 0x7fff_ffff]);
      expect(frames.map((frame) => frame.serializeType)).toEqual([serializeType, serializeType]);
      expect(frames.map((frame) => frame.extFields['n'])).toEqual(['-1', '2147483647']);
    },
  );

  test('with a code nobody handles is answered as not supported', async () => {
    const { address } = await start();
    const response = await bench.client().request(address, RemotingCommand.request(12345));
    expect(response).toMatchObject({ code: 3, remark: ' request type 12345 not supported' });
  });

  test('goes to the default processor when its code has none', async () => {
    const { address, server } = await start();
    server.registerDefault((request) => RemotingCommand.response(0, `code ${request.code}`));
    expect(await bench.client().request(address, RemotingCommand.request(12345))).toMatchObject({
      remark: 'code 12345',
    });
  });

  test('whose processor throws gets what was thrown as the response', async () => {
    const { address, server } = await start();
    server.register(1, () => {
      throw new Error('broken');
    });
    server.register(2, async () => {
      await Promise.resolve();
      throw new RemotingError('BAD_HEADER', 'topic is missing', { responseCode: 13 });
    });
    const client = bench.client();
    expect(await client.request(address, RemotingCommand.request(1))).toMatchObject({
      code: 1,
      remark: 'broken',
    });
    expect(await client.request(address, RemotingCommand.request(2))).toMatchObject({
      code: 13,
      remark: 'topic is missing',
    });
  });

  test('whose ext fields cannot be read gets a clear remark, and the connection lives on', async () => {
    await start();
    const socket = await bench.socket();
    const bad = frameOf(echoCode, 1, 'ROCKETMQ');
    bad.writeInt16BE(0x7000, bad.length - (2 + 1 + 4 + 1));
    socket.write(Buffer.concat([bad, frameOf(echoCode, 2)]));
    const [first, second] = await readFrames(socket, 2);
    expect(first).toMatchObject({
      code: 1,
      opaque: 1,
      remark: expect.stringContaining('ext fields') as string,
    });
    expect(second).toMatchObject({ code: 0, opaque: 2 });
  });

  test('that is oneway is never answered', async () => {
    const { server } = await start();
    const seen: number[] = [];
    server.register(5, (request) => {
      seen.push(request.opaque);
      return RemotingCommand.response(0);
    });
    const socket = await bench.socket();
    const oneway = Object.assign(RemotingCommand.request(5), { opaque: 7, flag: 2 });
    socket.write(Buffer.concat([encodeFrame(oneway), frameOf(echoCode, 8)]));
    expect((await readFrames(socket, 1)).map((frame) => frame.opaque)).toEqual([8]);
    expect(seen).toEqual([7]);
  });

  test('answered twice is answered once', async () => {
    const { server } = await start();
    server.register(6, (_request, context) => {
      context.respond(RemotingCommand.response(0, 'first'));
      return RemotingCommand.response(0, 'second');
    });
    const socket = await bench.socket();
    socket.write(Buffer.concat([frameOf(6, 1), frameOf(echoCode, 2)]));
    const frames = await readFrames(socket, 2);
    expect(frames.map((frame) => [frame.opaque, frame.remark])).toEqual([
      [1, 'first'],
      [2, undefined],
    ]);
  });

  test('whose answer is too large for a frame gets an error instead', async () => {
    const { address, server } = await start({ maxFrameBytes: 1000 });
    server.register(bigCode, () => RemotingCommand.response(0, undefined, undefined, Buffer.alloc(2000)));
    const response = await bench.client().request(address, RemotingCommand.request(bigCode));
    expect(response).toMatchObject({ code: 1, remark: expect.stringContaining('at most 1000') as string });
  });

  test('beyond the bound of unanswered ones is refused as busy', async () => {
    await start({ maxUnansweredPerConnection: 2 });
    const socket = await bench.socket();
    socket.write(Buffer.concat([1, 2, 3].map((opaque) => frameOf(neverCode, opaque))));
    const [busy] = await readFrames(socket, 1);
    expect(busy).toMatchObject({
      opaque: 3,
      code: 2,
      remark: expect.stringContaining('[OVERLOAD]') as string,
    });
  });
});

describe('a hot response', () => {
  const header: HotResponseHeader = {
    maxBytes: 128,
    writeRocketmqExt: (target, at) =>
      writeRocketmqEntry(target, 'queueOffset', '42', writeRocketmqEntry(target, 'msgId', 'ID', at)),
    writeJsonExt: (target, at) => {
      let end = writeJsonText(target, 'msgId', at);
      target[end++] = 0x3a;
      end = writeJsonText(target, 'ID', end);
      end += target.write(',"queueOffset":"42"', end);
      return end;
    },
  };

  test.each<SerializeType>(['JSON', 'ROCKETMQ'])('reads in %s like any other', async (serializeType) => {
    const { server } = await start();
    const released: string[] = [];
    const parts = [Buffer.alloc(10_000, 'a'), Buffer.from('b')];
    server.register(
      hotCode,
      (_request, context) => void context.respondHot(header, parts, () => released.push('yes')),
    );
    const socket = await bench.socket();
    socket.write(Buffer.concat([frameOf(hotCode, 3, serializeType), frameOf(echoCode, 4, serializeType)]));
    const [hot, cold] = await readFrames(socket, 2);
    expect(hot).toMatchObject({
      ...{ code: 0, opaque: 3, flag: 1, version: 479 },
      language: 'OTHER',
      serializeType,
    });
    expect({ ...hot!.extFields }).toEqual({ msgId: 'ID', queueOffset: '42' });
    expect(hot!.body?.equals(Buffer.concat(parts))).toBe(true);
    expect(cold).toMatchObject({ opaque: 4 });
    expect(released).toEqual(['yes']);
  });

  test('forgets the bytes of its request; those of requests beside it stay', async () => {
    const { server, address } = await start();
    const kept: RemotingCommand[] = [];
    const answered: RemotingCommand[] = [];
    server.register(neverCode, (request) => void kept.push(request));
    server.register(hotCode, (request, context) => {
      answered.push(request);
      context.respondHot(header);
    });
    const client = bench.client();
    for (let index = 0; index < 300; index++) {
      const ext = createExtFields({ index: String(index) });
      const body = Buffer.alloc(1000, index);
      if (index % 10 === 0)
        void client.request(address, RemotingCommand.request(neverCode, ext, body)).catch(() => undefined);
      else await client.request(address, RemotingCommand.request(hotCode, ext, body));
    }
    expect(answered).toHaveLength(270);
    expect(answered.every(({ body, rawHeader }) => body === undefined && rawHeader === undefined)).toBe(true);
    expect(kept).toHaveLength(30);
    for (const [index, request] of kept.entries()) {
      expect({ ...request.extFields }).toEqual({ index: String(index * 10) });
      expect(request.body).toEqual(Buffer.alloc(1000, index * 10));
    }
  });

  test('reaches hooks as a whole response', async () => {
    const { server, address } = await start();
    server.register(hotCode, (_request, context) => void context.respondHot(header));
    const seen: Record<string, string>[] = [];
    server.addHook({ afterResponse: (_request, response) => void seen.push({ ...response.extFields }) });
    await bench.client().request(address, RemotingCommand.request(hotCode));
    expect(seen).toEqual([{ msgId: 'ID', queueOffset: '42' }]);
  });
});

describe('a hook', () => {
  test('may refuse a request, and sees the response', async () => {
    const { server, address } = await start();
    const seen: number[] = [];
    server.addHook({
      beforeRequest: (request) =>
        request.extFields['key'] === 'good' ? undefined : RemotingCommand.response(16, 'no'),
      afterResponse: (_request, response) => void seen.push(response.code),
    });
    const client = bench.client();
    client.addHook({ beforeRequest: (_address, command) => void (command.extFields['key'] = 'good') });
    expect(await bench.client().request(address, RemotingCommand.request(echoCode))).toMatchObject({
      code: 16,
      remark: 'no',
    });
    expect((await client.request(address, RemotingCommand.request(echoCode))).extFields['key']).toBe('good');
    expect(seen).toEqual([16, 0]);
  });
});

describe('a second port', () => {
  test('serves the same processors but the excepted codes', async () => {
    const { server } = await start();
    const vip = await server.listenAlso(0, { except: [echoCode] });
    const client = bench.client();
    const address = `${vip.host}:${vip.port}`;
    expect(await client.request(address, RemotingCommand.request(echoCode))).toMatchObject({ code: 3 });
    await server.close();
    await expect(client.request(address, RemotingCommand.request(1))).rejects.toMatchObject({
      retryable: true,
    });
  });

  test('is not opened by a server that was closed', async () => {
    const { server } = await start();
    await server.close();
    await expect(server.listenAlso(0)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a bad frame', () => {
  test('closes its connection, with one line in the log, and no other', async () => {
    await start();
    const [good, bad] = [await bench.socket(), await bench.socket()];
    good.write(frameOf(echoCode, 1));
    await readFrames(good, 1);
    bad.write(Buffer.concat([frameOf(echoCode, 1), Buffer.from('ffffffff00000000', 'hex')]));
    await closed(bad);
    good.write(frameOf(echoCode, 2));
    expect((await readFrames(good, 1))[0]).toMatchObject({ opaque: 2 });
    expect(bench.log).toEqual([expect.stringContaining('frame length -1')]);
  });
});

describe('a peer that does not read', () => {
  const mebibyte = Buffer.alloc(1024 * 1024);

  test('is read no further while its answers wait, then closed at the deadline, and others go on', async () => {
    const clock = new ManualClock();
    const limits = { maxOutgoingBytes: 2 * mebibyte.length, drainTimeoutMs: 5000, idleTimeoutMs: 0 };
    const { server } = await start(limits, { clock });
    let answered = 0;
    server.register(bigCode, () => {
      answered++;
      return RemotingCommand.response(0, undefined, undefined, mebibyte);
    });
    const slow = await bench.socket();
    slow.pause();
    const total = 200;
    const flooded = new Promise<void>((resolve) => server.on('connect', () => setImmediate(resolve)));
    slow.write(Buffer.concat(Array.from({ length: total }, (_, opaque) => frameOf(bigCode, opaque))));
    await flooded;
    const [connection] = [...server.connections];
    while (connection!.send(Object.assign(RemotingCommand.request(1, undefined, mebibyte), { flag: 2 }))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(answered).toBeLessThan(total);
    await clock.advance(4000);
    expect(connection!.isOpen).toBe(true);

    const other = await bench.socket();
    other.write(frameOf(echoCode, 1));
    expect(await readFrames(other, 1)).toHaveLength(1);

    const gone = new Promise<unknown>((resolve) =>
      server.on('close', (_connection, reason) => resolve(reason)),
    );
    await clock.advance(3000);
    expect(await gone).toMatch(/does not read/);
    other.write(frameOf(echoCode, 2));
    expect(await readFrames(other, 1)).toHaveLength(1);
  });

  test('is served a part of what it asks for in each turn, so that others are served in between', async () => {
    const { server } = await start();
    let [inThisTurn, most, answered] = [0, 0, 0];
    server.register(bigCode, () => {
      if (inThisTurn === 0) setImmediate(() => (inThisTurn = 0));
      most = Math.max(most, ++inThisTurn);
      answered++;
      return RemotingCommand.response(0, undefined, undefined, mebibyte.subarray(0, 128 * 1024));
    });
    const greedy = await bench.socket();
    const total = 60;
    greedy.write(Buffer.concat(Array.from({ length: total }, (_, opaque) => frameOf(bigCode, opaque))));
    expect(await readFrames(greedy, total)).toHaveLength(total);
    expect(answered).toBe(total);
    // Some two for each time the connection gets its turn: on data, on drain, and after it gave way.
    expect(most).toBeLessThanOrEqual(16);
  });

  test('is asked for no more while it does not read and has many requests unanswered', async () => {
    const { server } = await start();
    const total = 2000;
    let asked = 0;
    const allAsked = new Promise<void>((resolve) => {
      server.register(bigCode, () => {
        if (++asked === total) resolve();
        return new Promise(() => undefined);
      });
    });
    const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
    const slow = await bench.socket();
    slow.pause();
    slow.write(frameOf(echoCode, 1));
    const connection = (await connected) as SocketConnection;
    const part = mebibyte.subarray(0, 256 * 1024);
    for (let full = 0; full < 10; full = connection.outgoingBytes > 0 ? full + 1 : 0) {
      if (full === 0)
        connection.send(Object.assign(RemotingCommand.request(1, undefined, part), { flag: 2 }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const requests = Array.from({ length: total }, (_, opaque) => frameOf(bigCode, opaque));
    await new Promise((resolve) => slow.write(Buffer.concat(requests), resolve));
    const other = await bench.socket();
    for (let opaque = 1; opaque <= 3; opaque++) {
      other.write(frameOf(echoCode, opaque));
      await readFrames(other, 1);
    }
    expect(asked).toBe(256);
    slow.resume();
    await allAsked;
  });

  test('is asked for nothing while its reading is paused by whoever serves it, and then goes on', async () => {
    const { server } = await start();
    const asked: number[] = [];
    server.register(bigCode, (request, { connection }) => {
      asked.push(request.opaque);
      if (request.opaque === 2) connection.pauseReading?.();
      return RemotingCommand.response(0);
    });
    const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
    const peer = await bench.socket();
    peer.write(Buffer.concat([1, 2, 3, 4].map((opaque) => frameOf(bigCode, opaque))));
    expect(await readFrames(peer, 2)).toHaveLength(2);
    peer.write(frameOf(bigCode, 5));
    const other = await bench.socket();
    other.write(frameOf(echoCode, 1));
    await readFrames(other, 1);
    expect(asked).toEqual([1, 2]);
    (await connected).resumeReading?.();
    expect(await readFrames(peer, 3)).toHaveLength(3);
    expect(asked).toEqual([1, 2, 3, 4, 5]);
  });

  test('whose requests waited for it tells how long', async () => {
    const clock = new ManualClock();
    const { server } = await start({}, { clock });
    const waits: (readonly [opaque: number, receivedAt: number, waitedMs: number])[] = [];
    server.register(bigCode, ({ opaque }, { connection, receivedAt, waitedMs }) => {
      waits.push([opaque, receivedAt, waitedMs]);
      if (opaque === 1) connection.pauseReading?.();
      return RemotingCommand.response(0);
    });
    const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
    const peer = await bench.socket();
    const begin = clock.now();
    peer.write(Buffer.concat([1, 2, 3].map((opaque) => frameOf(bigCode, opaque))));
    await readFrames(peer, 1);
    await clock.advance(300);
    (await connected).resumeReading?.();
    await readFrames(peer, 2);
    await clock.advance(1_000);
    peer.write(frameOf(bigCode, 4));
    await readFrames(peer, 1);
    expect(waits).toEqual([
      [1, begin, 0],
      [2, begin, 300],
      [3, begin, 300],
      [4, begin + 1_300, 0],
    ]);
  });

  test('gets everything once it reads again', async () => {
    const { server } = await start();
    server.register(bigCode, () => RemotingCommand.response(0, undefined, undefined, mebibyte));
    const slow = await bench.socket();
    slow.pause();
    const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
    slow.write(Buffer.concat(Array.from({ length: 30 }, (_, opaque) => frameOf(bigCode, opaque))));
    await connected;
    const frames = await readFrames(slow, 30);
    expect(frames.map((frame) => frame.opaque)).toEqual(Array.from({ length: 30 }, (_, opaque) => opaque));
    expect(frames.every((frame) => frame.body?.length === mebibyte.length)).toBe(true);
  });

  test('is closed at once when a flood goes over four times the bound', async () => {
    const { server } = await start({ maxOutgoingBytes: mebibyte.length });
    const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
    const slow = await bench.socket();
    slow.pause();
    slow.write(frameOf(echoCode, 1));
    const connection = await connected;
    const released: number[] = [];
    for (let sent = 0; connection.isOpen; sent++) {
      const command = Object.assign(RemotingCommand.request(1, undefined, mebibyte), { flag: 2 });
      command.onReleased = () => released.push(sent);
      connection.send(command);
      expect(sent).toBeLessThan(100);
    }
    expect(
      connection.send(Object.assign(RemotingCommand.request(1), { onReleased: () => released.push(-1) })),
    ).toBe(false);
    await new Promise<void>((resolve) => connection.on('close', resolve));
    expect(released).toContain(-1);
    expect(new Set(released).size).toBe(released.length);
    expect(released.length).toBeGreaterThan(4);
  });
});

describe('an idle connection', () => {
  test('is closed after the idle time, with an event; bytes keep it', async () => {
    const clock = new ManualClock();
    const { server } = await start({ idleTimeoutMs: 1000 }, { clock });
    const events: string[] = [];
    for (const event of ['connect', 'idle', 'close'] as const)
      server.on(event, () => void events.push(event));
    const socket = await bench.socket();
    for (let opaque = 0; opaque < 4; opaque++) {
      socket.write(frameOf(echoCode, opaque));
      await readFrames(socket, 1);
      await clock.advance(750);
    }
    expect(events).toEqual(['connect']);
    await clock.advance(1000);
    await closed(socket);
    expect(events).toEqual(['connect', 'idle', 'close']);
  });

  test('that never said anything is closed too', async () => {
    const clock = new ManualClock();
    await start({ idleTimeoutMs: 1000 }, { clock });
    const socket = await bench.socket();
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5000);
    await closed(socket);
  });
});

describe('a server', () => {
  test('refuses connections over its bound', async () => {
    await start({ maxConnections: 1 });
    const first = await bench.socket();
    first.write(frameOf(echoCode, 1));
    await readFrames(first, 1);
    const second = await bench.socket();
    await closed(second);
    first.write(frameOf(echoCode, 2));
    expect(await readFrames(first, 1)).toHaveLength(1);
  });

  test('answers what it took before it closes, and takes nothing more', async () => {
    const { server, address } = await start();
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) =>
      server.register(neverCode, (_request, context) => {
        answer = () => context.respond(RemotingCommand.response(0, 'late'));
        resolve();
        return undefined;
      }),
    );
    const client = bench.client();
    const response = client.request(address, RemotingCommand.request(neverCode));
    await asked;
    const closing = server.close();
    expect(server.close()).toBe(closing);
    answer();
    expect(await response).toMatchObject({ remark: 'late' });
    await closing;
    expect(server.connections.size).toBe(0);
    await expect(client.request(address, RemotingCommand.request(echoCode))).rejects.toMatchObject({
      code: expect.stringMatching(/CLOSED|CONNECT_FAILED/) as string,
    });
  });

  test('may be closed before it listens, and reports an address in use', async () => {
    const { port } = await start();
    const second = new RemotingServer({ port });
    await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close();
    await new RemotingServer({ port: 0 }).close();
  });

  test('sends requests to its clients over their connections', async () => {
    const { server, address } = await start();
    const client = bench.client();
    client.register(40, (request) => RemotingCommand.response(0, `got ${request.extFields['group']}`));
    await client.request(address, RemotingCommand.request(echoCode));
    const [connection] = [...server.connections];
    const response = await connection!.request(RemotingCommand.request(40, { group: 'G' }), {
      timeoutMs: 3000,
    });
    expect(response.remark).toBe('got G');
  });
});

describe('a PROXY header', () => {
  const v2 = Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
    Buffer.from([0x21, 0x11, 0, 12 + 5, 10, 1, 2, 3, 10, 0, 0, 1, 0x1f, 0x90, 0, 80, 0xea, 0, 2, 0x68, 0x69]),
  ]);

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 10.1.2.3 10.0.0.1 8080 80\r\n'), '10.1.2.3:8080'],
    ['version 1, IPv6', Buffer.from('PROXY TCP6 fe80::1 fe80::2 8080 80\r\n'), '[fe80::1]:8080'],
    ['version 2', v2, '10.1.2.3:8080'],
  ])('of %s names the peer, in whatever pieces it comes', async (_name, header, expected) => {
    const { server } = await start();
    for (const split of [header.length, 1, 7, header.length - 1]) {
      const connected = new Promise<Connection>((resolve) => server.on('connect', resolve));
      const socket = await bench.socket();
      socket.write(header.subarray(0, split));
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.write(Buffer.concat([header.subarray(split), frameOf(echoCode, 1)]));
      expect(await readFrames(socket, 1)).toHaveLength(1);
      const connection = await connected;
      expect(connection.remoteAddress).toBe(expected);
      expect(connection.attributes.get(proxyHeaderAttribute)).toMatchObject({ bytes: header.length });
    }
  });

  test('from a peer that is no trusted proxy closes the connection', async () => {
    await start({ trustedProxies: ['10.9.9.9'] });
    const socket = await bench.socket();
    socket.write('PROXY TCP4 10.1.2.3 10.0.0.1 8080 80\r\n');
    await closed(socket);
    expect(bench.log.join('\n')).toMatch(/no trusted proxy/);
  });

  test('that is broken closes the connection', async () => {
    await start();
    const socket = await bench.socket();
    socket.write('PROXY TCP4 10.1.2 10.0.0.1 8080 80\r\n');
    await closed(socket);
    expect(bench.log.join('\n')).toMatch(/PROXY header: addresses/);
  });
});

describe('a connection that ends its half', () => {
  test('without a word is closed', async () => {
    await start();
    const socket = await bench.socket();
    socket.resume();
    socket.end();
    await closed(socket);
  });

  test('behind a request still gets the answer', async () => {
    await start();
    const socket = await bench.socket();
    socket.end(frameOf(echoCode, 1));
    expect(await readFrames(socket, 1)).toHaveLength(1);
    socket.resume();
    await closed(socket);
  });
});
