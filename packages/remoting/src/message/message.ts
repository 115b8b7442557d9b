// The message model: what a user sends and what a consumer, a query or the store's reader hands back.

/** What a producer sends. Property values are text; a key with an empty value is lost on the wire (format rule). */
export interface Message {
  /** Where it goes, or where it was stored. */
  topic: string;
  /** The payload; of a stored message still compressed where its `sysFlag` says so. */
  body: Buffer;
  /** Application flag, signed 32 bit, carried untouched. Default 0. */
  flag?: number;
  /** User and system properties, see `MessageConst`. */
  properties: Record<string, string>;
}

/** A stored message: every field of the record (see `record.ts`) plus what is derived from them. */
export interface MessageExt extends Message {
  /** As the application set it, signed 32 bit. */
  flag: number;
  /** Broker that delivered it; filled by the client, absent in a bare decode. */
  brokerName?: string;
  /** Queue of the topic, from 0. */
  queueId: number;
  /** Size of the whole record in bytes. */
  storeSize: number;
  /** Position in its queue. */
  queueOffset: number;
  /** See `SysFlag`; the COMPRESSED bit is cleared once the body has been decompressed. */
  sysFlag: number;
  /** Milliseconds, the producer's clock. */
  bornTimestamp: number;
  /** `ip:port`; an IPv6 address is written `[ip]:port`. */
  bornHost: string;
  /** Milliseconds, the broker's clock. */
  storeTimestamp: number;
  /** `ip:port` of the broker that stored it; an IPv6 address is written `[ip]:port`. */
  storeHost: string;
  /** UNIQ_KEY if there is one, else the offsetMsgId. */
  msgId: string;
  /** Id made of the store host and the physical offset: leads to broker and position. */
  offsetMsgId: string;
  /** Physical offset of the record in the broker's commit log. */
  commitLogOffset: number;
  /** CRC-32 of the body as stored, as the record holds it (31 bits when written by a broker). */
  bodyCRC: number;
  /** Deliveries that failed before this one; 0 for a first delivery. */
  reconsumeTimes: number;
  /** Physical offset of the half message a commit record belongs to, else 0. */
  preparedTransactionOffset: number;
}
