/**
 * Tokens that come at a steady rate and wait up to one second's worth of them. Taking more than one second's worth at once
 * is possible when the bucket is full, and is paid for afterwards: a batch larger than the rate is slowed, not shut out.
 */
export class TokenBucket {
  #ratePerSecond: number;
  #tokens: number;
  #filledAtMs: number;

  /** @param nowMs of a clock that never goes back */
  constructor(ratePerSecond: number, nowMs: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#tokens = ratePerSecond;
    this.#filledAtMs = nowMs;
  }

  get ratePerSecond(): number {
    return this.#ratePerSecond;
  }

  /** Another rate from now on; what waits in the bucket is kept up to the new bound. */
  setRate(ratePerSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#ratePerSecond = ratePerSecond;
    this.#tokens = Math.min(this.#tokens, ratePerSecond);
  }

  /** Takes `count` tokens, or none. */
  tryTake(count: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < Math.min(count, this.#ratePerSecond)) return false;
    this.#tokens -= count;
    return true;
  }

  /** When `tryTake(count)` would succeed, milliseconds from now; 0: at once. */
  msUntil(count: number, nowMs: number): number {
    this.#fill(nowMs);
    const missing = Math.min(count, this.#ratePerSecond) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / this.#ratePerSecond);
  }

  #fill(nowMs: number): void {
    const passedMs = nowMs - this.#filledAtMs;
    if (passedMs <= 0) return;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#ratePerSecond, this.#tokens + (passedMs * this.#ratePerSecond) / 1000);
  }
}
