import type { CheckPoint } from './check-point.js';

interface Pin {
  readonly offset: number;
  readonly checkPoint: CheckPoint;
}

/**
 * The checkpoints of one revive queue that must be read again after a restart, by their place in it: how far the queue is
 * dealt with is the place before the first of them.
 */
export class RevivePins {
  #pins: Pin[] = [];
  #head = 0;

  /** `checkPoint.reviveOffset` is its place. Places mostly come in order. */
  add(checkPoint: CheckPoint): void {
    const pin = { offset: checkPoint.reviveOffset, checkPoint };
    let at = this.#pins.length;
    while (at > this.#head && this.#pins[at - 1]!.offset > pin.offset) at--;
    if (at === this.#pins.length) this.#pins.push(pin);
    else this.#pins.splice(at, 0, pin);
  }

  /** The first checkpoint with something left to do, if any. */
  first(): CheckPoint | undefined {
    for (; this.#head < this.#pins.length; this.#head++) {
      const { offset, checkPoint } = this.#pins[this.#head]!;
      // Written again at the end of the queue: it is pinned there.
      if (!checkPoint.isDone && checkPoint.reviveOffset === offset) {
        this.#compact();
        return checkPoint;
      }
    }
    this.#pins = [];
    this.#head = 0;
    return undefined;
  }

  #compact(): void {
    if (this.#head < 1_024 || this.#head * 2 < this.#pins.length) return;
    this.#pins = this.#pins.slice(this.#head);
    this.#head = 0;
  }
}
