// Damaged inputs from good ones: a seed gives the same row of inputs again.

/** Numbers that readers of lengths, counts and offsets tend to be wrong about. */
const INTERESTING = [
  0, 1, -1, 2, 7, 16, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 0x7f_ffff, 0xff_ffff, 0x7fff_ffff,
  -0x8000_0000,
];

/** Text that means something to one of the readers, and text that must not. */
const TOKENS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    ',',
    ':',
    '\\',
    '\\u0000',
    '\\ud800',
    '/*',
    '//',
    'null',
    'true',
    'NaN',
    '-',
    '1e999',
  ],
  ...[
    '{1:2}',
    '{{}:1}',
    '[[[[[[[[',
    '{"a":{"a":{"a":',
    '9223372036854775807',
    '-9223372036854775808',
    '2147483648',
  ],
  ...[
    '9007199254740993',
    '0.1e-400',
    '1'.repeat(400),
    '__proto__',
    '"__proto__":{"x":1},',
    '"constructor":',
    'prototype',
  ],
  ...[
    '\u0001',
    '\u0002',
    '%RETRY%',
    '../../x',
    ' ',
    '\n',
    '\u0000',
    '\ufeff',
    '\u00e9',
    '\ud83d\ude00',
    'PROXY ',
  ],
].map((token) => Buffer.from(token));

const MAX_BYTES = 64 * 1024;
/** A long run of the same: enough for what is quadratic to take its 100 ms. */
const MAX_RUN_BYTES = 32 * 1024;

/** `random` is of random.mjs; the mutator is its only user, so the inputs depend on nothing else. */
export function mutator(random) {
  const below = (bound) => Math.floor(random.next() * bound);
  const pick = (list) => list[below(list.length)];

  const noise = (length) => {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = below(256);
    return bytes;
  };
  const splice = (input, at, removed, inserted) =>
    Buffer.concat([input.subarray(0, at), inserted, input.subarray(Math.min(input.length, at + removed))]);
  const runOfDigits = (input, from) => {
    let start = from;
    while (start < input.length && !isDigit(input[start])) start++;
    let end = start;
    while (end < input.length && isDigit(input[end])) end++;
    return [start, end];
  };

  const kinds = [
    (input) => {
      const copy = Buffer.from(input);
      if (copy.length > 0) copy[below(copy.length)] ^= 1 << below(8);
      return copy;
    },
    (input) => {
      const copy = Buffer.from(input);
      if (copy.length > 0) copy[below(copy.length)] = below(256);
      return copy;
    },
    (input) => overwrite(input, 4, (copy, at) => copy.writeInt32BE(pick(INTERESTING) | 0, at)),
    (input) => overwrite(input, 2, (copy, at) => copy.writeUInt16BE(pick(INTERESTING) & 0xffff, at)),
    // A length that is nearly right.
    (input) =>
      overwrite(input, 4, (copy, at) => copy.writeInt32BE((copy.readInt32BE(at) + below(9) - 4) | 0, at)),
    (input) =>
      overwrite(input, 8, (copy, at) =>
        copy.writeBigInt64BE(BigInt(pick(INTERESTING)) << BigInt(below(32)), at),
      ),
    (input) => input.subarray(0, below(input.length + 1)),
    (input) => splice(input, below(input.length + 1), 1 + below(16), Buffer.alloc(0)),
    (input) => splice(input, below(input.length + 1), 0, noise(1 + below(16))),
    (input) => splice(input, below(input.length + 1), below(4), pick(TOKENS)),
    (input) => {
      const from = below(input.length + 1);
      return splice(input, below(input.length + 1), 0, input.subarray(from, from + 1 + below(64)));
    },
    (input, other) => {
      const from = below(other.length + 1);
      return splice(input, below(input.length + 1), below(32), other.subarray(from, from + 1 + below(128)));
    },
    (input) => {
      const [start, end] = runOfDigits(input, below(input.length + 1));
      return splice(input, start, end - start, Buffer.from(String(pick(INTERESTING) * (below(3) + 1))));
    },
  ];

  /** A piece repeated until it is long: what takes more than one pass over its input shows. */
  const stretch = (input) => {
    const piece =
      random.next() < 0.5 ? pick(TOKENS) : input.subarray(below(input.length + 1)).subarray(0, 1 + below(6));
    if (piece.length === 0) return input;
    const times = below(Math.ceil(MAX_RUN_BYTES / piece.length));
    return splice(input, below(input.length + 1), 0, Buffer.alloc(piece.length * times, piece));
  };

  function overwrite(input, width, write) {
    if (input.length < width) return noise(width);
    const copy = Buffer.from(input);
    write(copy, below(copy.length - width + 1));
    return copy;
  }

  return {
    /** One input made from the seeds: mostly a damaged seed, sometimes a seed as it is, sometimes noise alone. */
    next(seeds) {
      const chance = random.next();
      if (chance < 0.04) return noise(below(200));
      let input = pick(seeds);
      if (chance < 0.05) return input;
      if (chance < 0.052) input = stretch(input);
      for (let left = 1 + below(4); left > 0; left--) input = pick(kinds)(input, pick(seeds));
      return input.length > MAX_BYTES ? input.subarray(0, MAX_BYTES) : input;
    },
    below,
  };
}

const isDigit = (byte) => byte >= 0x30 && byte <= 0x39;
