import { ManualClock } from '@mq/remoting';
import { InFlight } from './in-flight.js';

describe('a count of what is in flight', () => {
  test('says when nothing is left, to everybody who waits', async () => {
    const clock = new ManualClock();
    const inFlight = new InFlight(clock);
    inFlight.begin();
    inFlight.begin();
    const waits = Promise.all([inFlight.drain(1_000), inFlight.drain(1_000)]);
    inFlight.end();
    inFlight.end();
    expect(await waits).toEqual([0, 0]);
  });

  test('says what is left when time is over', async () => {
    const clock = new ManualClock();
    const inFlight = new InFlight(clock);
    inFlight.begin();
    const wait = inFlight.drain(100);
    await clock.advance(100);
    expect(await wait).toBe(1);
    expect(await inFlight.drain(0)).toBe(1);
  });
});
