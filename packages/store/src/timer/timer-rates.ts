/** Messages a second that come into the wheel and leave it, since the last look, at most once a second. */
export class TimerRates {
  enqueued = 0;
  dequeued = 0;
  #atMs = 0;
  #enqueuedBefore = 0;
  #dequeuedBefore = 0;
  #last = { enqueueTps: 0, dequeueTps: 0 };

  read(nowMs: number): { enqueueTps: number; dequeueTps: number } {
    const seconds = (nowMs - this.#atMs) / 1000;
    if (seconds < 1) return this.#last;
    this.#last = {
      enqueueTps: (this.enqueued - this.#enqueuedBefore) / seconds,
      dequeueTps: (this.dequeued - this.#dequeuedBefore) / seconds,
    };
    this.#atMs = nowMs;
    this.#enqueuedBefore = this.enqueued;
    this.#dequeuedBefore = this.dequeued;
    return this.#last;
  }
}
