import type { Connection } from '@mq/remoting';

/** One client as its heartbeats describe it, on one connection (upstream `ClientChannelInfo`). */
export class ClientChannelInfo {
  /** Wall-clock ms of the last heartbeat; the managers refresh and expire by it. */
  lastUpdateTimestamp: number;

  constructor(
    readonly connection: Connection,
    readonly clientId: string,
    /** LanguageCode name the client sent with its frames. */
    readonly language: string,
    /** MQVersion ordinal the client sent with its frames. */
    readonly version: number,
    nowMs: number,
  ) {
    this.lastUpdateTimestamp = nowMs;
  }
}
