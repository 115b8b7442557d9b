// The campaigns against whole servers in the size that CI runs: some four minutes together on an idle machine of two cores.
// docs/reliability.md has what each attacks, and the sizes of the long runs.
export const serverCampaigns = [
  { name: 'kill-cycles', args: ['--cycles', '25'] },
  { name: 'fuzz-decoders', args: ['--inputs', '1000000'] },
  { name: 'fuzz-servers', args: ['--inputs', '20000'] },
  { name: 'floods', args: ['--size', 'ci'] },
  { name: 'rebalance-storms', args: ['--events', '6'] },
  { name: 'soak', args: ['--minutes', '1'] },
];
