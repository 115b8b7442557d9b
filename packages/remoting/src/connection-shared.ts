import type { Clock } from './clock.js';
import { defaultMaxFrameBytes } from './codec/frame.js';
import { DeadlineWheel } from './deadline-wheel.js';
import type { Logger } from './logger.js';
import { OpaqueCounter } from './pending-requests.js';
import { ReadMemory } from './read-memory.js';
import { SlabPool } from './slab-pool.js';
import type { ConnectionShared } from './socket-connection.js';
import { TurnScheduler } from './turn.js';

/** MQVersion V5_3_3: what we say we are. */
const currentVersion = 479;
const maxInFlightDefault = 65535;

/** The options that servers and clients have in common. */
interface CommonOptions {
  readonly maxFrameBytes?: number;
  readonly maxOutgoingBytes?: number;
  readonly drainTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly language?: string;
  readonly version?: number;
}

/** What is a server's own, or a client's. */
interface OwnFacts {
  readonly defaultMaxOutgoingBytes: number;
  readonly maxInFlight: number | undefined;
  readonly firstOpaque?: number | undefined;
  /** Whether what is read is mostly requests: they say when their bytes are not needed any more. */
  readonly readsRequests?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly turn: TurnScheduler | undefined;
}

/** What the connections of one server or client share: options with their defaults, memory, counters, timers. */
export function connectionShared(options: CommonOptions, own: OwnFacts): ConnectionShared {
  const { clock, logger } = own;
  return {
    limits: {
      maxFrameBytes: options.maxFrameBytes ?? defaultMaxFrameBytes,
      maxOutgoingBytes: options.maxOutgoingBytes ?? own.defaultMaxOutgoingBytes,
      drainTimeoutMs: options.drainTimeoutMs ?? 10_000,
      maxInFlight: own.maxInFlight ?? maxInFlightDefault,
      idleTimeoutMs: options.idleTimeoutMs ?? 120_000,
    },
    identity: { language: options.language ?? 'OTHER', version: options.version ?? currentVersion },
    clock,
    turn: own.turn ?? new TurnScheduler(),
    slabs: new SlabPool(),
    reads: new ReadMemory({ recycles: own.readsRequests === true }),
    wheel: new DeadlineWheel(clock),
    opaques: new OpaqueCounter(own.firstOpaque),
    logger,
  };
}
