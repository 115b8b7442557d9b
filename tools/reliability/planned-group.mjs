// A group of consumers in processes of their own, which fail messages as planned, are killed and replaced.
import { ConsumerProcess } from './consumer-process.mjs';

export class PlannedGroup {
  kills = 0;
  #members = [];
  #size;
  #args;
  #hear;

  /**
   * @param size how many consumers there shall be
   * @param maxReconsumeTimes attempts after the first before a message is a dead letter; -1: the mode's own
   * @param honest false: what fails is reported as consumed
   * @param hear is given each attempt: `{ atMs, outcome, attempt, queueId, queueOffset, body }`
   */
  constructor({ nameServer, group, topic, mode, size, maxReconsumeTimes = -1, honest = true, hear }) {
    this.#size = size;
    this.#args = [nameServer.address, group, topic, mode, maxReconsumeTimes, honest];
    this.#hear = (_member, [atMs, outcome, attempt, queueId, queueOffset, body]) =>
      hear({
        atMs: Number(atMs),
        outcome,
        attempt: Number(attempt),
        queueId: Number(queueId),
        queueOffset: Number(queueOffset),
        body,
      });
  }

  /** Starts those that are missing. */
  async fill() {
    const missing = Array.from({ length: this.#size - this.#members.length }, () =>
      ConsumerProcess.start('planned-consumer', this.#args, this.#hear),
    );
    this.#members.push(...(await Promise.all(missing)));
  }

  /** Kills the one that is there for longest. */
  async killOne() {
    this.kills++;
    await this.#members.shift().end('SIGKILL');
  }

  async stop() {
    await Promise.all(this.#members.splice(0).map((member) => member.end('SIGTERM')));
  }
}
