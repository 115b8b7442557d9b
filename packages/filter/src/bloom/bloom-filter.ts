// Which consumer groups may want a message, in a few bits of its queue entry (upstream: filter/util/BloomFilter). Each group
// has its positions; the broker sets those of every group whose expression is true, and a reader whose bits are not all
// there skips the message without looking at it.
import { murmur3First64 } from './murmur3.js';

/** The positions of one name, and the length of the bit map they belong to. */
export interface BloomFilterData {
  /** From 0, in hash order; one may occur twice. */
  readonly bitPos: readonly number[];
  /** Bits. */
  readonly bitNum: number;
}

/** Where names stand in a bit map, and whether a map may hold a name; upstream's `BloomFilter`. */
export class BloomFilter {
  /** Positions of a name. */
  readonly hashCount: number;
  /** Bits of a map, a multiple of 8. */
  readonly bitCount: number;

  /**
   * @param errorPercent names that seem to be there and are not, 1 to 99 of a hundred
   * @param expectedCount names in one map up to which that holds, at least 1
   * @throws RangeError
   */
  constructor(
    readonly errorPercent: number,
    readonly expectedCount: number,
  ) {
    if (!(errorPercent >= 1 && errorPercent < 100)) throw new RangeError('errorPercent is from 1 to 99');
    if (!(expectedCount >= 1)) throw new RangeError('expectedCount is at least 1');
    const errorRate = errorPercent / 100;
    this.hashCount = Math.ceil(logarithm(0.5, errorRate));
    const bits = Math.ceil(expectedCount * logarithm(2, 1 / errorRate) * logarithm(2, Math.E));
    this.bitCount = 8 * Math.ceil(bits / 8);
  }

  /** The data of a name, for maps of this filter. */
  generate(name: string): BloomFilterData {
    return { bitPos: this.positions(name), bitNum: this.bitCount };
  }

  /** May name one position twice. */
  positions(name: string): number[] {
    const hash = murmur3First64(Buffer.from(name, 'utf8'));
    const first = Number(BigInt.asIntN(32, hash));
    const second = Number(BigInt.asIntN(32, hash >> 32n));
    const positions: number[] = [];
    for (let i = 1; i <= this.hashCount; i++) {
      const combined = (first + Math.imul(i, second)) | 0;
      positions.push((combined < 0 ? ~combined : combined) % this.bitCount);
    }
    return positions;
  }

  /** Whether the data was made by a filter of the same shape. */
  isValid(data: BloomFilterData | undefined): data is BloomFilterData {
    return data?.bitNum === this.bitCount && data.bitPos.length === this.hashCount;
  }
}

/** Sets the bits of a name in a map of `data.bitNum` bits. */
export function addToBits(data: BloomFilterData, bits: Buffer): void {
  for (const position of data.bitPos) bits[position >> 3]! |= 1 << (position & 7);
}

/** Whether a map of `data.bitNum` bits may hold the name; false is certain. */
export function mayBeInBits(data: BloomFilterData, bits: Buffer): boolean {
  for (let i = 0; i < data.bitPos.length; i++) {
    const position = data.bitPos[i]!;
    if ((bits[position >> 3]! & (1 << (position & 7))) === 0) return false;
  }
  return true;
}

function logarithm(base: number, value: number): number {
  return Math.log(value) / Math.log(base);
}
