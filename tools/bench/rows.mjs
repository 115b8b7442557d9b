// What is measured: one row of docs/benchmarks.md each. `load` are arguments of mqload, `figure` picks what is compared;
// `want` is the aim as "times less" (cost) or "times more" (rate). `against` is another load that is measured on the same
// brokers right before, for figures that say how much dearer the row is.
const send = (...args) => [
  'send',
  '-size',
  '128',
  '-conns',
  '1',
  '-inflight',
  '64',
  '-codec',
  'rocketmq',
  ...args,
];
const cpu = (result) => result.server_cpu_us_per_msg;
const rate = (result) => result.msg_per_s;
const latency = (quantile) => (result) => result.latency_us[quantile];

export const rows = [
  {
    name: 'send128',
    title: 'send 128 B, 1 × 64, ROCKETMQ header',
    load: send(),
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['messages a second', rate, 'more', 2],
      ['p50 µs', latency('p50'), 'less'],
    ],
  },
  {
    name: 'send128json',
    title: 'send 128 B, 1 × 64, JSON header',
    load: send('-codec', 'json'),
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['messages a second', rate, 'more', 2],
    ],
  },
  {
    name: 'send1k',
    title: 'send 1 KiB, 1 × 64',
    load: send('-size', '1024'),
    figures: [['CPU µs a message', cpu, 'less', 4]],
  },
  {
    name: 'send64x1',
    title: 'send 128 B, 64 × 1',
    load: send('-conns', '64', '-inflight', '1'),
    figures: [['CPU µs a message', cpu, 'less', 2.2]],
  },
  {
    name: 'send1x1',
    title: 'send 128 B, 1 × 1',
    load: send('-inflight', '1'),
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['p50 µs', latency('p50'), 'less', 2.5],
    ],
  },
  {
    name: 'sync1x64',
    title: 'SYNC_FLUSH, 128 B, 1 × 64',
    settings: { flushDiskType: 'SYNC_FLUSH' },
    load: send(),
    figures: [
      ['CPU µs a message', cpu, 'less', 7],
      ['messages a second', rate, 'more', 3],
    ],
  },
  {
    name: 'sync4x64',
    title: 'SYNC_FLUSH, 128 B, 4 × 64',
    settings: { flushDiskType: 'SYNC_FLUSH' },
    load: send('-conns', '4'),
    figures: [
      ['CPU µs a message', cpu, 'less', 5],
      ['messages a second', rate, 'more', 3],
    ],
  },
  {
    name: 'batch32',
    title: 'batch of 32 × 128 B',
    load: send('-batch', '32'),
    figures: [['CPU µs a message', cpu, 'less', 2]],
  },
  {
    name: 'pull',
    title: 'pull of 1 million 128 B messages, 32 a request',
    fill: 1_000_000,
    load: ['pull', '-codec', 'rocketmq', '-loops', '2'],
    unbounded: true,
    figures: [['CPU µs a message', cpu, 'less', 1.8]],
  },
  {
    name: 'e2e2k',
    title: 'produce to consume, long polling, 2,000 a second',
    load: ['e2e', '-rate', '2000', '-codec', 'rocketmq'],
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['p50 µs', latency('p50'), 'less', 3],
      ['p99 µs', latency('p99'), 'less', 1],
    ],
  },
  {
    name: 'e2e10k',
    title: 'produce to consume, long polling, 10,000 a second',
    load: ['e2e', '-rate', '10000', '-codec', 'rocketmq'],
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['p99 µs', latency('p99'), 'less', 3],
    ],
  },
  {
    name: 'topics1000',
    title: 'send 128 B, 1 × 64, over 1,000 topics × 8 queues',
    load: send('-topics', '1000', '-queues', '8'),
    against: send('-queues', '8'),
    figures: [
      ['CPU µs a message', cpu, 'less', 4],
      ['the same with 1 topic × 8 queues', ({ against }) => cpu(against), 'less', 4],
      ['growth of it, aim of ours 1.1', (result) => cpu(result) / cpu(result.against), 'less'],
    ],
  },
];
