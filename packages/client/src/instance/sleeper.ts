import type { Clock } from '@mq/remoting';

/**
 * A wait that ends at the latest after its time, or earlier when somebody calls `wake`. One sleeper at a time; used by
 * the loops that would otherwise have to poll (pull flow control, suspended consumers, orderly retry).
 */
export class Sleeper {
  #wake: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  get isSleeping(): boolean {
    return this.#wake !== undefined;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Waits for the promise at most `ms`; false when time ran out. Never rejects. */
export async function settledWithin(clock: Clock, promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: { cancel(): void } | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(false), Math.max(0, ms));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, timeout]);
  } finally {
    timer?.cancel();
  }
}

/** The promise's outcome, or a rejection with `makeError()` after `ms`. The promise itself runs on. */
export async function withTimeout<T>(
  clock: Clock,
  promise: Promise<T>,
  ms: number,
  makeError: () => Error,
): Promise<T> {
  let timer: { cancel(): void } | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => reject(makeError()), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    timer?.cancel();
  }
}

/** Waits `ms`, or until the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
  });
}
