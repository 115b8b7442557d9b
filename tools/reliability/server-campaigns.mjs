// The campaigns against whole servers in the size that CI runs, under four minutes together on an idle machine of two cores.
// docs/reliability.md has what each promises, and the sizes of the long runs.
export const serverCampaigns = [
  ['kill-cycles.mjs', '--cycles', '25'],
  ['fuzz-decoders.mjs', '--inputs', '1000000'],
  ['fuzz-servers.mjs', '--inputs', '20000'],
  ['floods.mjs', '--size', 'ci'],
  ['rebalance-storms.mjs', '--events', '6'],
  ['soak.mjs', '--minutes', '1'],
];
