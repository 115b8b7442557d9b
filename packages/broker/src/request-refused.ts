/**
 * A request that is answered with an error code. Processors throw it, the request table turns it into the response:
 * a client's mistake or a state of the broker, never a defect of ours. `message` is the remark a person reads.
 */
export class RequestRefused extends Error {
  constructor(
    /** ResponseCode of the answer. */
    readonly responseCode: number,
    remark: string,
    options?: ErrorOptions,
  ) {
    super(remark, options);
    this.name = 'RequestRefused';
  }
}
