// Loaded before a program (node --import): measures by how much its event loop is late. Each second it writes to the file named
// by MQ_LOOP_DELAY_FILE `p50 p99 max`, milliseconds, of all the time since its start or the last SIGUSR2.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const file = process.env.MQ_LOOP_DELAY_FILE;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
process.on('SIGUSR2', () => histogram.reset());
/** The histogram holds the time between two looks: what is over its resolution is delay. */
const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS).toFixed(1);
setInterval(() => {
  writeFileSync(
    file,
    `${late(histogram.percentile(50))} ${late(histogram.percentile(99))} ${late(histogram.max)}\n`,
  );
}, 1_000).unref();
