/**
 * MQVersion: every release has an ordinal, sent as `version` in each frame. Peers gate features on it.
 *
 * The ordinals are regular, so they are computed rather than listed (`codes.test.ts` holds all 613 against Java):
 * each release takes two, its snapshot (even) and itself (odd).
 */

/** First names, before the pattern set in. */
const EARLIEST = [
  'V3_0_0_SNAPSHOT',
  'V3_0_0_ALPHA1',
  ...['1', '2', '3', '4', '5'].map((beta) => `V3_0_0_BETA${beta}`),
  ...['6', '7', '8', '9'].flatMap((beta) => [`V3_0_0_BETA${beta}_SNAPSHOT`, `V3_0_0_BETA${beta}`]),
  'V3_0_0_FINAL',
];

/** Runs of ordinals: from `first` on, `perMinor` patches a minor, beginning with `V<major>_<minor>_<patch>`. */
const RUNS = [
  { first: 16, major: 3, minor: 0, patch: 1, perMinor: 15 },
  { first: 46, major: 3, minor: 1, patch: 0, perMinor: 10 },
  { first: 86, major: 3, minor: 3, patch: 1, perMinor: 9 },
  { first: 212, major: 4, minor: 0, patch: 0, perMinor: 10 },
  { first: 412, major: 5, minor: 0, patch: 0, perMinor: 10 },
];
const HIGHER_VERSION = 612;

/** The ordinals that features are gated on, by what they gate (remoting.md 1.6). */
export const MQVersion = {
  /** Client that understands a pushed offset reset (220). */
  V3_0_7_SNAPSHOT: 28,
  /** Broker whose register body is a RegisterBrokerBody rather than a bare topic table. */
  V3_0_11: 37,
  /** Client that answers forwarded 307 and 309. */
  V3_1_8_SNAPSHOT: 62,
  /** Client whose maxReconsumeTimes header is honoured. */
  V3_4_9: 121,
  /** Broker that takes SQL92 subscriptions. */
  V4_1_0_SNAPSHOT: 232,
  /** Newest client whose ACL signature leaves out `_UNIQUE_KEY_QUERY`. */
  V4_9_3: 399,
  /** Oldest client that is given its route in standard JSON. */
  V4_9_4: 401,
  V4_9_7: 407,
  /** Broker whose compressed register body ends with the queue mapping section. */
  V5_0_0: 413,
  /** Newest client that is never told GO_AWAY. */
  V5_3_1: 475,
  V5_3_3: 479,
} as const;

/** What our programs declare themselves to be. */
export const CURRENT_VERSION: number = MQVersion.V5_3_3;

/** `versionName(479) === 'V5_3_3'`. Ordinals past the last are `HIGHER_VERSION`, negative ones the first, as in Java. */
export function versionName(ordinal: number): string {
  if (ordinal >= HIGHER_VERSION) return 'HIGHER_VERSION';
  if (ordinal < EARLIEST.length) return EARLIEST[Math.max(ordinal, 0)]!;
  const run = RUNS.findLast(({ first }) => first <= ordinal)!;
  const release = (ordinal - run.first) >> 1;
  const minor = run.minor + Math.floor(release / run.perMinor);
  const name = `V${run.major}_${minor}_${run.patch + (release % run.perMinor)}`;
  return (ordinal & 1) === 0 ? `${name}_SNAPSHOT` : name;
}

/** The ordinal of a version name, `undefined` for a name that is none. */
export function versionOrdinal(name: string): number | undefined {
  for (let ordinal = 0; ordinal <= HIGHER_VERSION; ordinal++)
    if (versionName(ordinal) === name) return ordinal;
  return undefined;
}
