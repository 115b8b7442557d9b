import { randomUUID } from 'node:crypto';
import type { DedupeClaim, DedupeStore } from './dedupe-store.js';

/**
 * Sends one command: `(...args) => redis.call(...args)` with ioredis, `(...args) => redis.sendCommand(args)` with node-redis.
 */
export type RedisCommand = (...args: [command: string, ...args: string[]]) => Promise<unknown>;

const DONE = 'done';
/** Deletes the key only while it holds our claim. */
const RELEASE =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** Remembers in Redis 2.6.12 or newer, or what speaks its protocol: one key a message, which Redis itself lets expire. */
export class RedisDedupeStore implements DedupeStore {
  readonly #command: RedisCommand;
  readonly #prefix: string;
  /** Tells our claims from those of others. */
  readonly #owner = randomUUID();

  /** `prefix` stands before every key; default `mq:dedupe:`. Give each consumer group its own. */
  constructor(options: { command: RedisCommand; prefix?: string }) {
    this.#command = options.command;
    this.#prefix = options.prefix ?? 'mq:dedupe:';
  }

  async claim(key: string, leaseMs: number): Promise<DedupeClaim> {
    const name = this.#prefix + key;
    const taken = await this.#command('SET', name, this.#owner, 'NX', 'PX', String(leaseMs));
    if (taken !== null && taken !== undefined) return 'CLAIMED';
    const held = await this.#command('GET', name);
    return String(held) === DONE ? 'DONE' : 'BUSY';
  }

  async done(key: string, ttlMs: number): Promise<void> {
    await this.#command('SET', this.#prefix + key, DONE, 'PX', String(ttlMs));
  }

  async release(key: string): Promise<void> {
    await this.#command('EVAL', RELEASE, '1', this.#prefix + key, this.#owner);
  }
}
