import fc from 'fast-check';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ReadMemory, type ReadSlab } from './read-memory.js';

/** A chunk as it was handed over, and what it held at that moment. */
interface Taken {
  chunk: Buffer;
  start: number;
  end: number;
  then: string;
}

describe('ReadMemory', () => {
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  /** An accepted socket and the one that connected to it. */
  async function pair(): Promise<{ accepted: Socket; peer: Socket }> {
    const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    sockets.push(peer, accepted);
    return { accepted, peer };
  }

  /** Reads `socket` to its end; resolves with everything that was handed over. */
  async function readAll(memory: ReadMemory, socket: Socket): Promise<Taken[]> {
    const all: Taken[] = [];
    const take = (chunk: Buffer, start: number, end: number): void => {
      all.push({ chunk, start, end, then: chunk.toString('latin1', start, end) });
    };
    expect(memory.readFrom(socket, take)).toBe(true);
    socket.on('data', () => expect('data of a socket that is read into our memory').toBe('never seen'));
    await once(socket, 'end');
    return all;
  }

  test('hands over what arrives, in order and to the end, whatever the sizes', async () => {
    const memory = new ReadMemory();
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 200_000 })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const { accepted, peer } = await pair();
        const sent = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const reading = readAll(memory, accepted);
        for (const part of sent) {
          peer.write(part);
          await new Promise(setImmediate);
        }
        peer.end();
        const text = (await reading).map(({ then }) => then).join('');
        expect(text === Buffer.concat(sent).toString('latin1')).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('leaves what it handed over as it is while other connections are read', async () => {
    const memory = new ReadMemory();
    const pairs = [await pair(), await pair(), await pair()];
    const readings = pairs.map(({ accepted }) => readAll(memory, accepted));
    for (let round = 0; round < 200; round++) {
      for (const [index, { peer }] of pairs.entries())
        peer.write(Buffer.alloc(700 + round, index * 80 + round));
      await new Promise(setImmediate);
    }
    for (const { peer } of pairs) peer.end();
    const all = (await Promise.all(readings)).flat();
    expect(all.length).toBeGreaterThan(pairs.length);
    for (const { chunk, start, end, then } of all) expect(chunk.toString('latin1', start, end)).toBe(then);
  });

  test('reads on after a pause, and reads nothing while it lasts', async () => {
    const { accepted, peer } = await pair();
    let bytes = 0;
    new ReadMemory().readFrom(accepted, (_chunk, start, end) => (bytes += end - start));
    accepted.on('data', () => undefined);
    accepted.pause();
    peer.write('abc');
    await new Promise((resolve) => peer.write('def', resolve));
    await new Promise(setImmediate);
    expect(bytes).toBe(0);
    accepted.resume();
    peer.end();
    await once(accepted, 'end');
    expect(bytes).toBe(6);
  });

  test('with recycling: bytes stay for as long as their slab is held, others take the place of those that are not', async () => {
    const memory = new ReadMemory({ recycles: true });
    const { accepted, peer } = await pair();
    const held: (Taken & { slab: ReadSlab })[] = [];
    const buffers = new Set<Buffer>();
    let chunks = 0;
    memory.readFrom(accepted, (chunk, start, end, slab) => {
      buffers.add(chunk);
      slab!.hold();
      if (chunks++ % 20 === 0)
        held.push({ chunk, start, end, slab: slab!, then: chunk.toString('latin1', start, end) });
      else slab!.release();
    });
    accepted.on('data', () => undefined);
    for (let round = 0; round < 400; round++) {
      peer.write(Buffer.alloc(round % 3 === 0 ? 50_000 : 5000, round));
      await new Promise(setImmediate);
    }
    peer.end();
    await once(accepted, 'end');
    expect(chunks).toBeGreaterThan(200);
    for (const { chunk, start, end, then } of held) expect(chunk.toString('latin1', start, end)).toBe(then);
    // Those that are held, the one that is read into, and one that the chunk before lay in.
    expect(buffers.size).toBeLessThanOrEqual(held.length + 2);
  });

  test('with recycling: a slab that was released late comes again, one that never is does not', async () => {
    const memory = new ReadMemory({ recycles: true });
    const { accepted, peer } = await pair();
    const slabs: ReadSlab[] = [];
    const next = async (): Promise<ReadSlab> => {
      peer.write(Buffer.alloc(60_000));
      const before = slabs.length;
      while (slabs.length === before) await new Promise(setImmediate);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return slabs[slabs.length - 1]!;
    };
    memory.readFrom(accepted, (_chunk, _start, _end, slab) => {
      slab!.hold();
      slabs.push(slab!);
    });
    accepted.on('data', () => undefined);
    const first = await next();
    const second = await next();
    await next();
    for (const slab of slabs) if (slab === first) slab.release();
    const later = [await next(), await next(), await next()];
    expect(later).toContain(first);
    expect(later).not.toContain(second);
  });

  test('leaves sockets with TLS to their data events', async () => {
    const { accepted } = await pair();
    const secure = new TLSSocket(accepted, { isServer: true });
    expect(new ReadMemory().readFrom(secure, () => undefined)).toBe(false);
    secure.destroy();
  });
});
