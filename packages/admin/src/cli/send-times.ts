/** Mean of all but the first: that one also made the connection. 0 without any other. */
export function averageAfterFirst(times: readonly number[]): number {
  const counted = times.slice(1);
  return counted.length === 0 ? 0 : counted.reduce((sum, time) => sum + time, 0) / counted.length;
}
