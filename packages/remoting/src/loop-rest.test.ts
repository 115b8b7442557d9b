import { LoopRest } from './loop-rest.js';
import { ManualClock } from './clock.js';

const REST_MS = 0.4;
/** What a turn takes, and each request in it. */
const TURN_MS = 0.02;
const REQUEST_MS = 0.003;

interface Client {
  nextAt(): number;
  take(): void;
  answered(at: number): void;
}

/** Requests that come whatever the server does, evenly. */
function openLoop(perMs: number): Client {
  let sent = 0;
  return { nextAt: () => sent / perMs, take: () => void sent++, answered: () => {} };
}

/** A client that asks again as long after each answer. */
function waitingClient(thinkMs: number): Client {
  let nextAt = 0;
  return {
    nextAt: () => nextAt,
    take: () => void (nextAt = Infinity),
    answered: (at) => void (nextAt = at + thinkMs),
  };
}

/** A server's event loop on a clock of its own: it waits for a request, handles what has come, and may rest. */
class SimulatedLoop {
  nowMs = 0;
  rests = 0;
  work = 0;
  restMs = REST_MS;
  readonly #rest = new LoopRest({
    clock: Object.assign(new ManualClock(), { monotonic: () => this.nowMs }),
    restMs: () => this.restMs,
    workDone: () => this.work,
    sleep: (ms) => {
      this.rests++;
      this.nowMs += ms;
    },
  });

  /** Serves `clients` for as long; what was seen meanwhile, per second. */
  run(
    clients: readonly Client[],
    ms: number,
  ): { rests: number; turns: number; work: number; longestMs: number } {
    const from = { at: this.nowMs, rests: this.rests, work: this.work };
    const shifted = clients.map((client) => ({ client, nextAt: () => from.at + client.nextAt() }));
    let turns = 0;
    let longestMs = 0;
    while (this.nowMs < from.at + ms) {
      this.nowMs = Math.max(this.nowMs, Math.min(...shifted.map((one) => one.nextAt())));
      const taken: Client[] = [];
      for (const one of shifted) {
        for (let at = one.nextAt(); at <= this.nowMs; at = one.nextAt()) {
          longestMs = Math.max(longestMs, this.nowMs - at);
          one.client.take();
          taken.push(one.client);
        }
      }
      this.nowMs += TURN_MS + taken.length * REQUEST_MS;
      this.work += taken.length;
      for (const client of taken) client.answered(this.nowMs - from.at);
      turns++;
      this.#rest.afterTurn();
    }
    const seconds = (this.nowMs - from.at) / 1_000;
    return {
      rests: (this.rests - from.rests) / seconds,
      turns: turns / seconds,
      work: (this.work - from.work) / seconds,
      longestMs,
    };
  }
}

/** What the same clients get from a loop that never rests. */
function withoutRests(clients: readonly Client[], ms: number) {
  const loop = new SimulatedLoop();
  loop.restMs = 0;
  return loop.run(clients, ms);
}

const several = (count: number, thinkMs: number): Client[] =>
  Array.from({ length: count }, () => waitingClient(thinkMs));

describe('the rests of a loop', () => {
  test.each([6, 10, 20, 30])('gather %i requests a millisecond that come one by one', (perMs) => {
    const { turns, work, longestMs } = new SimulatedLoop().run([openLoop(perMs)], 5_000);
    expect(work).toBeCloseTo(1_000 * perMs, -2);
    expect(turns).toBeLessThan(4_000);
    expect(longestMs).toBeLessThan(REST_MS + 0.2);
  });

  test.each([0.1, 1, 2, 4])('are not for %d requests a millisecond: a rest would gather nobody', (perMs) => {
    expect(new SimulatedLoop().run([openLoop(perMs)], 5_000).rests).toBeLessThan(50);
  });

  test.each([
    [1, 0.05],
    [2, 0.05],
    [4, 0.05],
    [4, 0.2],
    [16, 0.1],
    [64, 0.05],
  ])('do not slow down %i clients that wait for each answer and ask again %d ms later', (count, thinkMs) => {
    const { work } = new SimulatedLoop().run(several(count, thinkMs), 5_000);
    expect(work).toBeGreaterThan(0.9 * withoutRests(several(count, thinkMs), 5_000).work);
  });

  test('are tried less and less often where they slow clients down', () => {
    const loop = new SimulatedLoop();
    const clients = several(2, 0.05);
    const first = loop.run(clients, 2_000).rests;
    expect(first).toBeGreaterThan(0);
    loop.run(several(2, 0.05), 60_000);
    expect(loop.run(several(2, 0.05), 20_000).rests).toBeLessThan(first / 5);
  });

  test('end within two seconds when clients come that wait for each answer', () => {
    const loop = new SimulatedLoop();
    expect(loop.run([openLoop(10)], 2_000).rests).toBeGreaterThan(1_500);
    loop.run(several(2, 0.05), 2_000);
    expect(loop.run(several(2, 0.05), 1_000).rests).toBeLessThan(50);
  });

  test('end with the rush, and begin again with the next one', () => {
    const loop = new SimulatedLoop();
    loop.run([openLoop(10)], 2_000);
    expect(loop.run([openLoop(1)], 3_000).rests).toBeLessThan(500);
    expect(loop.run([openLoop(1)], 3_000).rests).toBeLessThan(10);
    loop.run([openLoop(10)], 2_000);
    expect(loop.run([openLoop(10)], 1_000).rests).toBeGreaterThan(1_500);
  });

  test('are none while they are switched off', () => {
    const loop = new SimulatedLoop();
    loop.restMs = 0;
    expect(loop.run([openLoop(10)], 2_000).rests).toBe(0);
    loop.restMs = REST_MS;
    expect(loop.run([openLoop(10)], 2_000).rests).toBeGreaterThan(1_000);
  });

  test('hold the thread for real', () => {
    let nowMs = 0;
    let work = 0;
    const clock = Object.assign(new ManualClock(), { monotonic: () => nowMs });
    const rest = new LoopRest({ clock, restMs: () => REST_MS, workDone: () => work });
    let longestMs = 0;
    // A trial begins after the first window.
    for (; nowMs < 100; nowMs += 0.1, work++) {
      const before = performance.now();
      rest.afterTurn();
      longestMs = Math.max(longestMs, performance.now() - before);
    }
    expect(longestMs).toBeGreaterThan(REST_MS);
  });
});
