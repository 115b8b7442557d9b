// Limits of sends, as a producer meets them and an operator changes them.
import { type Clock, type RemotingCommand, type RequestHook, systemClock } from '@mq/remoting';
import { RequestCode, ResponseCode } from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

let harness: BrokerHarness;

afterEach(() => harness[Symbol.asyncDispose]());

/** Rates see no time pass, however long a test takes. */
const clock: Clock = { ...systemClock, monotonic: () => 0 };

const start = async (settings: Record<string, string> = {}): Promise<void> => {
  harness = await new BrokerHarness().start(settings, { clock });
};

/** Response codes of so many sends. */
async function send(count: number, topic = 'T'): Promise<Record<number, number>> {
  const codes: Record<number, number> = {};
  for (let i = 0; i < count; i++) {
    const { code } = await harness.send({ topic });
    codes[code] = (codes[code] ?? 0) + 1;
  }
  return codes;
}

async function update(settings: Record<string, string>): Promise<RemotingCommand> {
  const text = Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
  return harness.request(RequestCode.UPDATE_BROKER_CONFIG, {}, Buffer.from(text));
}

/** What a group that consumed `count` messages of queue 0 has committed. */
const commit = (group: string, count: number): void =>
  harness.controller.parts.consumerOffsets.commit('test', group, 'T', 0, count);

describe('rates', () => {
  test('a topic takes its second’s worth, then refuses and says which limit it was', async () => {
    await start({ sendRates: 'T=5' });
    await send(5);
    const { code, remark } = await harness.send({ topic: 'T' });
    expect(code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(remark).toMatch(/^\[RATE_LIMIT\]topic T may be sent 5 messages a second .*; try again in \d+ ms$/);
    expect(await send(5, 'Other')).toEqual({ [ResponseCode.SUCCESS]: 5 });
  });

  test('a client has a limit of its own over all topics', async () => {
    await start({ sendRatePerClient: '3' });
    expect(await send(2, 'T')).toEqual({ [ResponseCode.SUCCESS]: 2 });
    expect(await send(1, 'Other')).toEqual({ [ResponseCode.SUCCESS]: 1 });
    const { code, remark } = await harness.send({ topic: 'T' });
    expect(code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(remark).toMatch(/client 127\.0\.0\.1:\d+ may send 3 messages a second/);
  });

  test('an operator sets and lifts them while the broker runs', async () => {
    await start();
    expect((await update({ sendRates: 'T=1' })).code).toBe(ResponseCode.SUCCESS);
    expect(await send(3)).toEqual({ [ResponseCode.SUCCESS]: 1, [ResponseCode.SYSTEM_BUSY]: 2 });
    await update({ sendRates: 'T=0' });
    expect(await send(3)).toEqual({ [ResponseCode.SUCCESS]: 3 });
  });

  test('a limit that cannot be read is refused and changes nothing', async () => {
    await start({ sendRates: 'T=1' });
    const { code, remark } = await update({ sendRates: 'T=fast' });
    expect(code).not.toBe(ResponseCode.SUCCESS);
    expect(remark).toContain('TopicA=100');
    expect(harness.controller.settings.broker.sendRates).toEqual(['T=1']);
  });

  test('retries are not held up', async () => {
    await start({ sendRatePerTopic: '1' });
    expect(await send(3, '%RETRY%G')).toEqual({ [ResponseCode.SUCCESS]: 3 });
  });
});

describe('backlog quotas', () => {
  test('a topic whose slowest group is too far behind takes no more until it has caught up', async () => {
    await start({ backlogQuotas: 'T=3' });
    const { limits } = harness.controller.parts;
    for (let i = 0; i < 5; i++) await harness.send({ topic: 'T', queueId: 0 });
    commit('quick', 5);
    commit('slow', 1);
    limits.backlogs.check();
    const { code, remark } = await harness.send({ topic: 'T', queueId: 0 });
    expect(code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(remark).toMatch(
      /^\[BACKLOG_QUOTA\]group slow is 4 messages behind in topic T, backlogQuotas allows 3/,
    );
    commit('slow', 2);
    limits.backlogs.check();
    expect(await send(1)).toEqual({ [ResponseCode.SUCCESS]: 1 });
  });

  test('is looked at while the broker runs', async () => {
    const looks: (() => void)[] = [];
    const byHand: Clock = {
      ...clock,
      setTimeout: (task, ms) => {
        if (ms !== 1_000) return systemClock.setTimeout(task, ms);
        looks.push(task);
        return { cancel: () => undefined };
      },
    };
    harness = await new BrokerHarness().start({ backlogQuotas: 'T=3' }, { clock: byHand });
    for (let i = 0; i < 5; i++) await harness.send({ topic: 'T', queueId: 0 });
    commit('slow', 0);
    expect(await send(1)).toEqual({ [ResponseCode.SUCCESS]: 1 });
    for (const look of looks.splice(0)) look();
    expect(await send(1)).toEqual({ [ResponseCode.SYSTEM_BUSY]: 1 });
  });

  test('a topic nobody consumes has no backlog', async () => {
    await start({ backlogQuotaPerTopic: '1' });
    await send(5);
    harness.controller.parts.limits.backlogs.check();
    expect(await send(1)).toEqual({ [ResponseCode.SUCCESS]: 1 });
  });

  test('an operator lifts it at once', async () => {
    await start({ backlogQuotaPerTopic: '1' });
    for (let i = 0; i < 5; i++) await harness.send({ topic: 'T', queueId: 0 });
    commit('slow', 0);
    harness.controller.parts.limits.backlogs.check();
    expect((await harness.send({ topic: 'T' })).code).toBe(ResponseCode.SYSTEM_BUSY);
    await update({ backlogQuotaPerTopic: '0' });
    expect((await harness.send({ topic: 'T' })).code).toBe(ResponseCode.SUCCESS);
  });
});

describe('sends that waited behind others of their connection', () => {
  /** The answers to two sends of one connection that is held between them for `heldMs`. */
  async function answersWhenHeld(
    heldMs: number,
    settings: Record<string, string> = {},
  ): Promise<RemotingCommand[]> {
    let now = Date.now();
    let sends = 0;
    const hold: RequestHook = {
      beforeRequest({ code }, connection) {
        if (code !== RequestCode.SEND_MESSAGE_V2 || ++sends !== 1) return;
        connection.pauseReading?.();
        setImmediate(() => {
          now += heldMs;
          connection.resumeReading?.();
        });
      },
    };
    harness = await new BrokerHarness().start(settings, {
      clock: { ...systemClock, now: () => now },
      requestHooks: [hold],
    });
    await harness.pull();
    return Promise.all([harness.send(), harness.send()]);
  }

  test('for longer than waitTimeMillsInSendQueue are refused, in words that say why', async () => {
    const [first, second] = await answersWhenHeld(201);
    expect(first?.code).toBe(ResponseCode.SUCCESS);
    expect(second?.code).toBe(ResponseCode.SYSTEM_BUSY);
    expect(second?.remark).toMatch(
      /^\[TIMEOUT_CLEAN_QUEUE\]broker busy.*period in queue: 201ms.*behind other requests/,
    );
  });

  test('for as long as that are stored', async () => {
    const answers = await answersWhenHeld(200);
    expect(answers.map(({ code }) => code)).toEqual([ResponseCode.SUCCESS, ResponseCode.SUCCESS]);
  });

  test('are stored however late with brokerFastFailureEnable=false', async () => {
    const answers = await answersWhenHeld(5_000, { brokerFastFailureEnable: 'false' });
    expect(answers.map(({ code }) => code)).toEqual([ResponseCode.SUCCESS, ResponseCode.SUCCESS]);
  });
});
