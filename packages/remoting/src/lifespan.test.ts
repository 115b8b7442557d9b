import { Lifespan } from './lifespan.js';

function setup({ fails = false } = {}) {
  const steps: string[] = [];
  let finish!: () => void;
  const opened = new Promise<void>((resolve) => (finish = resolve));
  const life = new Lifespan(
    async () => {
      steps.push('opening');
      await opened;
      if (fails) throw new Error('the port is taken');
      steps.push('open');
      return 'address';
    },
    async () => void steps.push('shut'),
  );
  return { life, steps, finish };
}

test('starts once and closes once, however often it is asked', async () => {
  const { life, steps, finish } = setup();
  finish();
  await expect(Promise.all([life.start(), life.start()])).resolves.toEqual(['address', 'address']);
  await Promise.all([life.close(), life.close()]);
  await life.close();
  await expect(life.start()).resolves.toBe('address');
  expect(steps).toEqual(['opening', 'open', 'shut']);
});

test('a close waits for the start under way', async () => {
  const { life, steps, finish } = setup();
  const starting = life.start();
  const closing = life.close();
  expect(life.isClosing).toBe(true);
  finish();
  await Promise.all([starting, closing]);
  expect(steps).toEqual(['opening', 'open', 'shut']);
});

test('a start that fails closes what it had opened, and says why', async () => {
  const { life, steps, finish } = setup({ fails: true });
  finish();
  await expect(life.start()).rejects.toThrow('the port is taken');
  await expect(life.start()).rejects.toThrow('the port is taken');
  expect(steps).toEqual(['opening', 'shut']);
  await life.close();
});

test('what was closed before it started does not start', async () => {
  const { life, steps } = setup();
  await life.close();
  await expect(life.start()).rejects.toThrow('it was closed');
  expect(steps).toEqual(['shut']);
});
