// What a broker says of its consumers in its log: groups whose members subscribe differently, and groups that are too far behind.
import { type Clock, consoleLogger, systemClock } from '@mq/remoting';
import {
  buildSubscriptionData,
  decodeSubscriptionGroupWrapper,
  RequestCode,
  ResponseCode,
} from '@mq/remoting/protocol';

import { BrokerHarness } from './broker-harness.js';

const SLOW_CONSUMERS_PERIOD_MS = 180_000;

let harness: BrokerHarness;
let log: string[];
let onLine: (line: string) => void;

beforeEach(() => {
  harness = new BrokerHarness();
  log = [];
  onLine = () => undefined;
});
afterEach(() => harness[Symbol.asyncDispose]());

const logger = consoleLogger({
  write: (line) => {
    log.push(line);
    onLine(line);
  },
});

const linesWith = (text: string): string[] => log.filter((line) => line.includes(text));

/** Resolves with the next line that has the text. */
const nextLine = (text: string): Promise<string> =>
  new Promise((resolve) => {
    onLine = (line) => {
      if (line.includes(text)) resolve(line);
    };
  });

describe('members of one group that subscribe differently', () => {
  const tags = (expression: string) => [buildSubscriptionData('T', expression, 'TAG', 1)];

  test('are reported once with what each of them wants, and when they agree again', async () => {
    await harness.start({}, { logger });
    const [a, b] = [harness.newClient(), harness.newClient()];
    await harness.heartbeat('a', 'G', tags('A || B'), a);
    await harness.heartbeat('b', 'G', tags('B||A'), b);
    expect(linesWith('subscribe')).toEqual([]);

    await harness.heartbeat('b', 'G', tags('C'), b);
    await harness.heartbeat('a', 'G', tags('A || B'), a);
    const [warning, ...more] = linesWith('members of one group subscribe differently');
    expect(warning).toMatch(/WARN.*group=G.*clientId=b.*T TAG C.*otherClientId=a.*T TAG A \|\| B/);
    expect(more).toEqual([]);

    const unregister = { clientID: 'b', consumerGroup: 'G' };
    await harness.request(RequestCode.UNREGISTER_CLIENT, unregister, undefined, b);
    expect(linesWith('subscribe alike again')).toHaveLength(1);
  });
});

describe('a group that is further behind than consumerFallbehindThreshold', () => {
  let onLook: () => void = () => undefined;

  /** A broker that looks for slow consumers all the time. */
  const clock: Clock = {
    ...systemClock,
    setTimeout: (task, ms) => {
      if (ms !== SLOW_CONSUMERS_PERIOD_MS) return systemClock.setTimeout(task, ms);
      const look = (): void => {
        task();
        onLook();
      };
      return systemClock.setTimeout(look, 10);
    },
  };
  const start = (settings: Record<string, string>) => harness.start(settings, { logger, clock });

  /** Two groups of which the second one reads the last message, too. */
  async function consumeBoth(): Promise<void> {
    for (const group of ['Slow', 'Quick']) await harness.heartbeat(group, group, ['T'], harness.newClient());
    for (let i = 0; i < 10; i++) await harness.send({ body: Buffer.alloc(1_000) });
    await harness.pull({ group: 'Slow', maxMsgNums: 1 });
    await harness.pull({ group: 'Quick' });
  }

  test('is reported, and may go on', async () => {
    await start({ consumerFallbehindThreshold: '5000' });
    const reported = nextLine('a group consumes too slowly');
    await consumeBoth();
    expect(await reported).toMatch(/WARN.*group=Slow.*topic=T.*queueId=0.*bytesBehind=\d{4,5}\b/);
    expect((await harness.pull({ group: 'Slow', offset: 1 })).code).toBe(ResponseCode.SUCCESS);
    expect(linesWith('group=Quick').filter((line) => line.includes('slowly'))).toEqual([]);
  });

  test('is not while the threshold is as far as upstream has it', async () => {
    await start({});
    await consumeBoth();
    const { parts, settings } = harness.controller;
    expect(settings.broker.consumerFallbehindThreshold).toBe(16 * 1024 ** 3);
    expect(parts.store.maxPhyOffset).toBeGreaterThan(10_000);
    await new Promise<void>((resolve) => (onLook = resolve));
    expect(linesWith('slowly')).toEqual([]);
  });

  test('is disabled where disableConsumeIfConsumerReadSlowly says so, until an operator lets it, also after a restart', async () => {
    await start({ consumerFallbehindThreshold: '5000', disableConsumeIfConsumerReadSlowly: 'true' });
    const disabled = nextLine('is disabled');
    await consumeBoth();
    expect(await disabled).toMatch(/ERROR.*group=Slow/);
    const refused = await harness.pull({ group: 'Slow', offset: 1 });
    expect([refused.code, refused.remark]).toEqual([
      ResponseCode.NO_PERMISSION,
      'subscription group no permission, Slow',
    ]);
    expect((await harness.pull({ group: 'Quick' })).code).toBe(ResponseCode.SUCCESS);

    await harness.stop();
    await harness.start();
    const groups = await harness.request(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
    const { subscriptionGroupTable } = decodeSubscriptionGroupWrapper(groups.body ?? '');
    expect(subscriptionGroupTable['Slow']?.consumeEnable).toBe(false);
    expect(subscriptionGroupTable['Quick']?.consumeEnable).toBe(true);
  });
});
