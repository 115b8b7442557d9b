// Figures of several sides, taken in turns: whatever else the machine does meets all of them.

/**
 * `measure(side, round)` for every side, so many rounds; who comes first changes each round. The rounds before them warm up and
 * are left out. Resolves with the rounds, each with a figure a side in the order of `sides`.
 */
export async function inTurns(sides, { rounds, warmUpRounds = 0 }, measure) {
  const results = [];
  for (let round = -warmUpRounds; round < rounds; round++) {
    const figures = [];
    const turns = [...sides.keys()];
    if (round % 2 !== 0) turns.reverse();
    for (const index of turns) figures[index] = await measure(sides[index], round);
    if (round >= 0) results.push(figures);
  }
  return results;
}

/** The median of the rounds' figures of each side; `figure` picks one where a round has several. */
export function sideMedians(results, figure = (result) => result) {
  return results[0].map((_, index) => median(results.map((figures) => figure(figures[index]))));
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
