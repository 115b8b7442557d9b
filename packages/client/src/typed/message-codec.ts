/** How a value becomes a message's body and back. */
export interface MessageCodec {
  /**
   * The body for a value.
   * @throws whatever says why it has none; the send then rejects with MESSAGE_ILLEGAL
   */
  encode(value: unknown): string | Uint8Array;
  /**
   * The value of a body, not yet checked.
   * @throws whatever says why the bytes cannot be read; the message then counts as one that does not fit
   */
  decode(body: Buffer): unknown;
}

/** UTF-8 JSON. */
export const jsonCodec: MessageCodec = {
  encode: (value) => JSON.stringify(value),
  decode: (body) => JSON.parse(body.toString('utf8')) as unknown,
};
